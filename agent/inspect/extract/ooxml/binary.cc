#include "agent/inspect/extract/ooxml/binary.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "agent/inspect/extract/layout_codes.h"
#include "agent/inspect/extract/ole2/bytes.h"
#include "agent/inspect/extract/text_writer.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// [MS-XLSB] 2.3.2.
enum Record : uint32_t {
  kRowHeader = 0,
  kCellRk = 2,
  kCellReal = 5,
  kCellString = 6,
  kCellShared = 7,
  kFormulaString = 8,
  kFormulaNumber = 9,
  kSharedItem = 19,
  kIndexRowBlock = 42,
  kBeginSheet = 129,
  kBeginBook = 131,
  kSheetName = 156,
  kBeginSharedStrings = 159,
  kBeginStyles = 278,
  kBeginMetadata = 332,
  kHeaderFooter = 479,
  kHyperlink = 494,
  kBeginCellChain = 528,
  kBeginComments = 628,
  kCommentText = 637,
};
constexpr size_t kRecordBytesMax = 1 << 20;  // a string of 32,767 characters, and what is around it
constexpr size_t kCellHeaderBytes = 8;       // column, style
constexpr uint32_t kNoString = 0xFFFFFFFF;
constexpr uint32_t kTabsMax = 1024;
constexpr uint64_t kSpendStep = 64 << 10;
constexpr size_t kHyperlinkPlaceBytes = 16;

// Seven bits a byte, the lowest first, up to `bytes_max` of them.
std::optional<uint32_t> Varint(std::string_view bytes, size_t bytes_max, size_t& at) {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes_max && at < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[at++]);
    value |= (byte & 0x7FU) << (7 * i);
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

// A string with its length before it, and where it ends.
std::string WideString(std::string_view bytes, size_t& at) {
  const uint32_t characters = LittleAt(bytes, at, 4);
  at += 4;
  if (characters == kNoString) return "";
  const std::string_view text = SliceAt(bytes, at, size_t{characters} * 2);
  at += text.size();
  return FromWide(text);
}

class PartReader {
 public:
  PartReader(Root root, const std::string& part, Source& source, Context& context,
             SharedStrings& strings)
      : root_(root),
        part_(part),
        source_(source),
        context_(context),
        strings_(strings),
        writer_(context.sink) {}

  absl::Status Read() {
    if (root_ == Root::kSheet) {
      context_.sink.BeginPart(context_.PartName(part_), v1::PART_KIND_CELLS);
    }
    absl::Status status = ReadRecords();
    if (root_ == Root::kSheet) {
      writer_.Flush();
      context_.sink.EndPart();
    }
    EmitPart(context_, part_ + " header", v1::PART_KIND_HEADER, header_);
    EmitPart(context_, part_ + " footer", v1::PART_KIND_FOOTER, footer_);
    if (root_ == Root::kWorkbook) {
      EmitPart(context_, "workbook", v1::PART_KIND_PROPERTY, lines_);
    } else {
      EmitPart(context_, root_ == Root::kSheet ? part_ + " links" : part_, v1::PART_KIND_COMMENT,
               lines_);
    }
    return status;
  }

 private:
  absl::Status ReadRecords() {
    std::string buffer;
    uint64_t offset = 0;
    bool ended = false;
    while (true) {
      if (!context_.InTime(part_)) return absl::AbortedError("deadline");
      if (!ended && buffer.size() < kRecordBytesMax) ended = !Fill(buffer, offset);
      if (!status_.ok()) return status_;
      size_t at = 0;
      while (true) {
        size_t next = at;
        const auto type = Varint(buffer, 2, next);
        const auto size = Varint(buffer, 4, next);
        if (!type || !size || next + *size > buffer.size()) break;
        Take(*type, std::string_view(buffer).substr(next, *size));
        if (stopped_) return absl::AbortedError("expanded bytes");
        at = next + *size;
      }
      if (at == 0 && buffer.size() >= kRecordBytesMax) {
        return absl::DataLossError(fmt::format("record_bytes_max {}", kRecordBytesMax));
      }
      buffer.erase(0, at);
      if (ended && at == 0) {
        return buffer.empty() ? absl::OkStatus() : absl::DataLossError("cut off");
      }
    }
  }

  bool Fill(std::string& buffer, uint64_t& offset) {
    const size_t kept = buffer.size();
    buffer.resize(kept + kRecordBytesMax);
    const absl::StatusOr<size_t> got = source_.ReadAt(offset, std::span(buffer).subspan(kept));
    if (!got.ok()) status_ = got.status();
    buffer.resize(kept + (got.ok() ? *got : 0));
    offset += buffer.size() - kept;
    return buffer.size() > kept;
  }

  void Take(uint32_t type, std::string_view bytes) {
    switch (root_) {
      case Root::kSharedStrings:
        if (type == kSharedItem) AddShared(bytes);
        break;
      case Root::kWorkbook:
        if (type == kSheetName) {
          size_t at = 8;  // state and number
          WideString(bytes, at);
          AddLine(WideString(bytes, at));
        }
        break;
      case Root::kComments:
        if (type == kCommentText) {
          size_t at = 1;  // flags
          AddLine(WideString(bytes, at));
        }
        break;
      default:
        TakeOfSheet(type, bytes);
    }
  }

  void AddShared(std::string_view bytes) {
    size_t at = 1;
    const uint64_t bound = context_.limits.memory_object_bytes_max;
    const bool kept = strings_.Append(WideString(bytes, at), bound);
    if ((strings_.EndString(bound) && kept) || std::exchange(full_, true)) return;
    context_.sink.Unscanned(context_.PartName(part_), v1::UNSCANNED_REASON_OVERSIZE,
                            fmt::format("memory_object_bytes_max {}", bound));
  }

  void TakeOfSheet(uint32_t type, std::string_view bytes) {
    size_t at = kCellHeaderBytes;
    switch (type) {
      case kRowHeader:
        EndRow();
        break;
      case kCellRk:
        Cell(bytes, ShownNumber(FromRk(LittleAt(bytes, at, 4))));
        break;
      case kCellReal:
      case kFormulaNumber:
        Cell(bytes, ShownNumber(Real(LittleAt(bytes, at, 4), LittleAt(bytes, at + 4, 4))));
        break;
      case kCellString:
      case kFormulaString:
        Cell(bytes, WideString(bytes, at));
        break;
      case kCellShared:
        if (const uint32_t index = LittleAt(bytes, at, 4); index < strings_.size()) {
          const std::string_view text = strings_.Use(index);
          Spend(text.size());  // one shared string may stand in a million cells
          Cell(bytes, std::string(text));
        }
        break;
      case kHeaderFooter:
        TakeHeaders(bytes);
        break;
      case kHyperlink: {
        size_t place = kHyperlinkPlaceBytes;
        for (int i = 0; i < 4; ++i) AddLine(WideString(bytes, place));
        break;
      }
      default:
        break;
    }
  }

  // Header and footer, of odd, even and first pages in turn.
  void TakeHeaders(std::string_view bytes) {
    size_t at = 2;
    for (int i = 0; i < 6; ++i) {
      const std::string text = WithoutLayoutCodes(WideString(bytes, at));
      if (text.empty()) continue;
      std::string& out = i % 2 == 0 ? header_ : footer_;
      out += text + "\n";
    }
  }

  void Cell(std::string_view bytes, std::string text) {
    const uint32_t column = LittleAt(bytes, 0, 4);
    if (text.empty()) return;
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    const uint32_t tabs = column > column_ ? std::min(column - column_, kTabsMax) : 0;
    writer_.Append(std::string(tabs, '\t'));
    writer_.Append(text);
    column_ = column;
    row_has_text_ = true;
  }

  void EndRow() {
    if (std::exchange(row_has_text_, false)) writer_.Append("\n");
    column_ = 0;
  }

  void Spend(uint64_t bytes) {
    unspent_ += bytes;
    if (unspent_ < kSpendStep) return;
    stopped_ = !context_.SpendBytes(std::exchange(unspent_, 0), part_) || !context_.InTime(part_);
  }

  void AddLine(const std::string& text) {
    if (!text.empty()) lines_ += text + "\n";
  }

  const Root root_;
  const std::string& part_;
  Source& source_;
  Context& context_;
  SharedStrings& strings_;
  TextWriter writer_;
  absl::Status status_;
  std::string header_;
  std::string footer_;
  std::string lines_;
  uint64_t unspent_ = 0;
  uint32_t column_ = 0;
  bool row_has_text_ = false;
  bool full_ = false;
  bool stopped_ = false;
};

}  // namespace

std::optional<Root> BinaryRootOf(std::string_view head) {
  size_t at = 0;
  const auto type = Varint(head, 2, at);
  const auto size = Varint(head, 4, at);
  if (!type || !size) return std::nullopt;
  // A record that begins a part says little or nothing itself.
  if (*type == kBeginSheet && *size == 0) return Root::kSheet;
  if (*type == kBeginBook && *size == 0) return Root::kWorkbook;
  if (*type == kBeginSharedStrings && *size == 8) return Root::kSharedStrings;
  if (*type == kBeginComments && *size == 0) return Root::kComments;
  const bool no_text =
      (*type == kBeginStyles && *size == 0) || (*type == kBeginMetadata && *size == 0) ||
      (*type == kBeginCellChain && *size == 0) || (*type == kIndexRowBlock && *size == 24);
  if (no_text) return Root::kIgnored;
  return std::nullopt;
}

absl::Status ReadBinaryPart(Root root, const std::string& part, Source& source, Context& context,
                            SharedStrings& strings) {
  return std::make_unique<PartReader>(root, part, source, context, strings)->Read();
}

}  // namespace shoumi::inspect
