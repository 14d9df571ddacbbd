#include "agent/inspect/extract/text/reader.h"

#include <algorithm>

#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/text/charset.h"
#include "agent/inspect/extract/utf8.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kBlockBytes = 256 << 10;
constexpr size_t kStartBytes = 8192;
constexpr size_t kChanceBytesMax = 256;

// Encodings that tell nothing of themselves but in escapes.
bool IsSevenBit(std::string_view name) {
  return name.starts_with("iso-2022-") || name.starts_with("hz-");
}
constexpr std::string_view kEscapes = "\x1b\x0e~";  // of ISO 2022 and HZ (RFC 1468, 1557, 1843)

}  // namespace

TextReader::Fill TextReader::FillBlock() {
  const uint64_t data = source_.NextData(offset_);
  if (data > offset_) offset_ = data;  // a hole is not text
  const size_t kept = block_.size();
  block_.resize(kept + kBlockBytes);
  const absl::StatusOr<size_t> got = source_.ReadAt(offset_, std::span(block_).subspan(kept));
  if (!got.ok()) {
    block_.resize(kept);
    ReportFailure(context_, "", got.status(), offset_ > 0);
    return Fill::kFailed;
  }
  block_.resize(kept + *got);
  offset_ += *got;
  if (context_.depth == 0) context_.bytes_read += *got;
  return *got == 0 ? Fill::kEnd : Fill::kMore;
}

void TextReader::Run() {
  const Fill fill = FillBlock();
  const Detection start = DetectStart(std::string_view(block_).substr(0, kStartBytes));
  block_.erase(0, start.mark_bytes);
  switch (start.charset) {
    case Charset::kUtf16Le:
    case Charset::kUtf16Be:
    case Charset::kUtf32Le:
    case Charset::kUtf32Be:
      decoder_ = std::make_unique<Decoder>(start.charset);
      if (fill == Fill::kMore) RunDecoder();
      invalid_ += decoder_->invalid();
      break;
    default:
      seven_bit_ = IsSevenBit(declared_);
      if (seven_bit_ || (!declared_.empty() && start.charset != Charset::kUtf8)) {
        decoder_ = std::make_unique<Decoder>(declared_);
      }
      if (fill == Fill::kMore) decoder_ == nullptr || seven_bit_ ? RunBytes() : RunDecoder();
      if (decoder_ != nullptr) invalid_ += decoder_->invalid();
  }
  if (invalid_ > 0 && !said_binary_) {
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_CORRUPT,
                            fmt::format("{} byte sequences are no characters", invalid_));
  }
}

void TextReader::RunDecoder() {
  Fill fill = Fill::kMore;
  while (!Stop()) {
    text_.clear();
    decoder_->Decode(block_, fill != Fill::kMore, text_);
    take_(text_);
    block_.clear();
    if (fill != Fill::kMore) return;
    fill = FillBlock();
  }
}

void TextReader::RunBytes() {
  while (!Stop()) {
    const size_t cut = CutBytes();
    TakeBlock(std::string_view(block_).substr(0, cut));
    block_.erase(0, cut);
    if (FillBlock() == Fill::kMore) continue;
    TakeBlock(block_);
    if (!seven_bit_) return;
    text_.clear();
    decoder_->Decode("", true, text_);
    take_(text_);
    return;
  }
}

// Behind the last line feed; in a line without end, before a character that the block cuts.
size_t TextReader::CutBytes() const {
  const size_t line = block_.rfind('\n');
  if (line != std::string::npos) return line + 1;
  if (block_.size() < 2 * kBlockBytes) return 0;
  // After a byte below 0x30 every one of these encodings is between two characters.
  for (size_t i = block_.size(); i > kBlockBytes; --i) {
    if (static_cast<uint8_t>(block_[i - 1]) < 0x30) return i;
  }
  const Utf8Prefix prefix = CheckUtf8(block_);
  return prefix.incomplete ? prefix.valid : block_.size();
}

void TextReader::TakeBlock(std::string_view block) {
  if (seven_bit_) return TakeLinesOfEscapes(block);
  TakeBytes(block);
}

// A line without escapes is what its bytes say: to declare such an encoding hides nothing.
void TextReader::TakeLinesOfEscapes(std::string_view block) {
  while (!block.empty() && !Stop()) {
    if (!in_line_) {
      const size_t escape = std::min(block.find_first_of(kEscapes), block.size());
      const size_t line = escape == block.size() ? escape : block.rfind('\n', escape) + 1;
      if (line > 0) TakeBytes(block.substr(0, line));
      block.remove_prefix(line);
      if (block.empty()) return;
    }
    const size_t end = block.find('\n');
    in_line_ = end == std::string_view::npos;
    const size_t bytes = in_line_ ? block.size() : end + 1;
    text_.clear();
    decoder_->Decode(block.substr(0, bytes), false, text_);
    take_(text_);
    block.remove_prefix(bytes);
  }
}

void TextReader::TakeBytes(std::string_view block) {
  const Utf8Prefix prefix = CheckUtf8(block);
  // Only short text can be UTF-8 by chance.
  if (prefix.valid == block.size() &&
      (prefix.ascii || block.size() > kChanceBytesMax || DetectBytes(block) == Charset::kUtf8)) {
    take_(block);
    return;
  }
  // What precedes the first line with something else in it needs no conversion.
  size_t good = prefix.valid == block.size() ? AsciiPrefix(block) : prefix.valid;
  if (!prefix.ascii && prefix.valid != block.size()) good = block.rfind('\n', good) + 1;
  take_(block.substr(0, good));
  block.remove_prefix(good);
  const Charset charset = DetectBytes(block);
  if (!declared_.empty() && !seven_bit_ && TakeDeclared(block)) return;
  if (charset == Charset::kBinary) {
    if (!said_binary_) {
      context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                              fmt::format("binary data between text before offset {}", offset_));
    }
    said_binary_ = true;
  }
  Decode(block, charset == Charset::kBinary ? Charset::kUtf8 : charset);
}

bool TextReader::TakeDeclared(std::string_view block) {
  Decoder decoder(declared_);
  text_.clear();
  decoder.Decode(block, true, text_);
  if (!BecameText(text_)) return false;
  invalid_ += decoder.invalid();
  take_(text_);
  return true;
}

void TextReader::Decode(std::string_view bytes, Charset charset) {
  if (charset == Charset::kUtf8) {
    take_(RepairUtf8(bytes, &invalid_));
    return;
  }
  Decoder decoder(charset);
  DecodeWith(decoder, bytes);
}

void TextReader::DecodeWith(Decoder& decoder, std::string_view bytes) {
  text_.clear();
  decoder.Decode(bytes, true, text_);
  invalid_ += decoder.invalid();
  take_(text_);
}

}  // namespace shoumi::inspect
