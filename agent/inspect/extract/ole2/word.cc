#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "agent/inspect/extract/first_page.h"
#include "agent/inspect/extract/ole2/bytes.h"
#include "agent/inspect/extract/ole2/office.h"
#include "agent/inspect/extract/text_writer.h"
#include "agent/inspect/extract/utf8.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// Offsets into the file information block ([MS-DOC] 2.5.1 to 2.5.7).
constexpr uint16_t kIdent = 0xA5EC;
constexpr uint32_t kWord97 = 0x00C1;
constexpr size_t kFlags = 10;
constexpr uint32_t kEncrypted = 0x0100;
constexpr uint32_t kTable1 = 0x0200;
constexpr size_t kPlcfHdd = 0xF2;
constexpr size_t kClx = 0x1A2;
constexpr size_t kDggInfo = 0x22A;
// Lengths of the documents that stand one behind the other, in characters.
constexpr size_t kTextLength = 0x4C;
constexpr size_t kFootnotesLength = 0x50;
constexpr size_t kHeadersLength = 0x54;
constexpr size_t kCommentsLength = 0x5C;
constexpr size_t kEndnotesLength = 0x60;
constexpr size_t kBoxesLength = 0x64;
constexpr size_t kHeaderBoxesLength = 0x68;

constexpr size_t kSeparatorStories = 6;  // of footnotes, before the headers of the first section
constexpr size_t kStoriesASection = 6;

constexpr char16_t kFieldBegin = 0x13;
constexpr char16_t kFieldSeparator = 0x14;
constexpr char16_t kFieldEnd = 0x15;

class WordReader {
 public:
  WordReader(std::string main, std::string table, Context& context)
      : main_(std::move(main)), table_(std::move(table)), context_(context) {}

  absl::Status Read();

 private:
  [[nodiscard]] std::string_view TableAt(size_t field) const {
    return SliceAt(table_, LittleAt(main_, field, 4), LittleAt(main_, field + 4, 4));
  }
  absl::Status ReadPieces();
  void AddPiece(uint32_t place, size_t characters);
  // The next document of that length.
  std::u16string_view Take(size_t length_field);
  std::string Plain(std::u16string_view text);
  void EmitHeaders(std::u16string_view text);
  void EmitArt();

  const std::string main_;
  const std::string table_;
  Context& context_;
  std::u16string text_;
  size_t taken_ = 0;
  bool cut_ = false;
  std::string fields_;  // what fields are to do, not what they show
};

void WordReader::AddPiece(uint32_t place, size_t characters) {
  const bool narrow = (place & 0x40000000) != 0;
  const size_t offset = narrow ? (place & 0x3FFFFFFF) / 2 : place & 0x3FFFFFFF;
  const size_t width = narrow ? 1 : 2;
  const std::string_view bytes = SliceAt(main_, offset, characters * width);
  cut_ |= bytes.size() < characters * width;
  for (size_t at = 0; at + width <= bytes.size(); at += width) {
    text_.push_back(narrow ? static_cast<char16_t>(NarrowCharacter(bytes[at], true))
                           : static_cast<char16_t>(LittleAt(bytes, at, 2)));
  }
}

// The piece table: groups of formats (1), then the pieces (2) ([MS-DOC] 2.9.38).
absl::Status WordReader::ReadPieces() {
  std::string_view clx = TableAt(kClx);
  while (clx.size() >= 3 && clx.front() == 1) {
    clx = SliceAt(clx, size_t{3} + LittleAt(clx, 1, 2), clx.size());
  }
  if (clx.size() < 5 || clx.front() != 2) return absl::DataLossError("Word text without pieces");
  const std::string_view pieces = SliceAt(clx, 5, LittleAt(clx, 1, 4));
  const size_t count = pieces.size() < 4 ? 0 : (pieces.size() - 4) / 12;
  // Pieces may name the same bytes; together they are no longer than the file's own count.
  size_t left = 2 * main_.size();
  for (size_t i = 0; i < count; ++i) {
    const uint32_t begin = LittleAt(pieces, i * 4, 4);
    const uint32_t end = LittleAt(pieces, i * 4 + 4, 4);
    if (end < begin || begin != text_.size() || end - begin > left) {
      return absl::DataLossError("damaged Word pieces");
    }
    left -= end - begin;
    AddPiece(LittleAt(pieces, (count + 1) * 4 + i * 8 + 2, 4), end - begin);
    if (cut_) break;
  }
  return context_.SpendBytes(text_.size() * 2, "") ? absl::OkStatus()
                                                   : absl::AbortedError("expanded bytes");
}

std::u16string_view WordReader::Take(size_t length_field) {
  const std::u16string_view rest =
      std::u16string_view(text_).substr(std::min(taken_, text_.size()));
  const size_t length = LittleAt(main_, length_field, 4);
  cut_ |= length > rest.size();
  taken_ += std::min(length, rest.size());
  return rest.substr(0, length);
}

std::string WordReader::Plain(std::u16string_view text) {
  std::string shown;
  std::string* out = &shown;
  uint32_t fields = 0;
  bool cell_before = false;
  for (size_t i = 0; i < text.size(); ++i) {
    uint32_t code = text[i];
    const bool cell = code == 0x07;
    if (code == kFieldBegin) {
      ++fields;
      out = &fields_;
      fields_ += '\n';
    } else if (code == kFieldSeparator || code == kFieldEnd) {
      if (code == kFieldEnd && fields > 0) --fields;
      out = &shown;
    } else if (cell) {
      *out += cell_before ? '\n' : '\t';  // the end of a row follows that of its last cell
    } else if (code == '\r' || code == 0x0B || code == 0x0C) {
      *out += '\n';
    } else if (code == 0x1E) {
      *out += '-';
    } else if (code >= 0x20 || code == '\t') {
      if (code >= 0xD800 && code < 0xDC00 && i + 1 < text.size() && text[i + 1] >= 0xDC00 &&
          text[i + 1] < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (text[++i] - 0xDC00U);
      }
      AppendUtf8(*out, code);
    }
    cell_before = cell;
  }
  return shown;
}

// Six stories a section: headers of even, odd and first pages at 0, 1 and 4, footers at 2, 3 and 5
// ([MS-DOC] 2.8.6).
void WordReader::EmitHeaders(std::u16string_view text) {
  const std::string_view bytes = TableAt(kPlcfHdd);
  std::vector<size_t> places(bytes.size() / 4);
  for (size_t i = 0; i < places.size(); ++i) places[i] = LittleAt(bytes, i * 4, 4);
  // Each ends where the next begins; the last place is none.
  if (!places.empty()) places.pop_back();
  // Out of order they would be read again and again: what is where is not known then.
  if (places.size() <= kSeparatorStories + 1 || !std::is_sorted(places.begin(), places.end())) {
    return EmitPart(context_, "header", v1::PART_KIND_HEADER, Plain(text));
  }
  for (size_t i = kSeparatorStories; i + 1 < places.size() && places[i] < text.size(); ++i) {
    const size_t story = (i - kSeparatorStories) % kStoriesASection;
    const bool header = story == 0 || story == 1 || story == 4;
    EmitPart(context_, fmt::format("{}{}", header ? "header" : "footer", i - kSeparatorStories + 1),
             header ? v1::PART_KIND_HEADER : v1::PART_KIND_FOOTER,
             Plain(text.substr(places[i], places[i + 1] - places[i])));
  }
}

// The drawing group, then a byte before each drawing: 1 for that of the headers ([MS-DOC] 2.9.172).
void WordReader::EmitArt() {
  std::string_view art = TableAt(kDggInfo);
  const auto take = [&art] {
    const std::string_view one = SliceAt(art, 0, size_t{8} + LittleAt(art, 4, 4));
    art.remove_prefix(one.size());
    return one;
  };
  const std::string_view group = take();
  while (art.size() > 1) {
    const bool in_headers = art.front() == 1;
    art.remove_prefix(1);
    EmitPart(context_, in_headers ? "watermark" : "shapes",
             in_headers ? v1::PART_KIND_WATERMARK : v1::PART_KIND_BODY, ArtText(take()));
  }
  const bool inline_picture = text_.find(u'\x01') != std::u16string::npos;
  if (HoldsPicture(group) || inline_picture) {
    context_.sink.Unscanned(context_.PartName("pictures"), v1::UNSCANNED_REASON_UNSUPPORTED,
                            "pictures in a Word document");
  }
}

absl::Status WordReader::Read() {
  if (absl::Status pieces = ReadPieces(); !pieces.ok()) return pieces;
  FirstPageSplitter pages(context_, FirstPageSplitter::kDocumentLines,
                          FirstPageSplitter::kDocumentBytes);
  pages.Append(Plain(Take(kTextLength)));
  pages.Finish();
  EmitPart(context_, "footnotes", v1::PART_KIND_NOTES, Plain(Take(kFootnotesLength)));
  EmitHeaders(Take(kHeadersLength));
  EmitPart(context_, "comments", v1::PART_KIND_COMMENT, Plain(Take(kCommentsLength)));
  EmitPart(context_, "endnotes", v1::PART_KIND_NOTES, Plain(Take(kEndnotesLength)));
  EmitPart(context_, "text boxes", v1::PART_KIND_BODY, Plain(Take(kBoxesLength)));
  EmitPart(context_, "text boxes of headers", v1::PART_KIND_WATERMARK,
           Plain(Take(kHeaderBoxesLength)));
  EmitPart(context_, "fields", v1::PART_KIND_COMMENT, fields_);
  EmitArt();
  if (cut_) {
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                            "Word text is cut off");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadWord(CompoundFile& file, const CompoundFile::Stream& stream, Context& context) {
  absl::StatusOr<std::string> main = ReadStream(file, stream, context);
  if (!main.ok()) return main.status();
  const uint32_t flags = LittleAt(*main, kFlags, 2);
  if ((flags & kEncrypted) != 0) return absl::PermissionDeniedError("encrypted Word document");
  if (LittleAt(*main, 0, 2) != kIdent || LittleAt(*main, 2, 2) < kWord97) {
    return absl::UnimplementedError("document of Word 95 or older");
  }
  const std::string_view name = (flags & kTable1) != 0 ? "1Table" : "0Table";
  const CompoundFile::Stream* table = nullptr;
  for (const CompoundFile::Stream& one : file.streams()) {
    if (one.name == name && one.parent == stream.parent) table = &one;
  }
  if (table == nullptr) table = file.Find(name);
  if (table == nullptr) return absl::DataLossError("Word document without its table");
  absl::StatusOr<std::string> bytes = ReadStream(file, *table, context);
  if (!bytes.ok()) return bytes.status();
  return WordReader(*std::move(main), *std::move(bytes), context).Read();
}

}  // namespace shoumi::inspect
