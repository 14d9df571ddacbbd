#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/inspect/extract/layout_codes.h"
#include "agent/inspect/extract/ole2/bytes.h"
#include "agent/inspect/extract/ole2/office.h"
#include "agent/inspect/extract/ole2/records.h"
#include "agent/inspect/extract/shared_strings.h"
#include "agent/inspect/extract/text/names.h"
#include "agent/inspect/extract/text_writer.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// [MS-XLS] 2.3
enum : uint16_t {
  kFormula = 0x0006,
  kEof = 0x000A,
  kHeader = 0x0014,
  kFooter = 0x0015,
  kNote5 = 0x001C,
  kFilePass = 0x002F,
  kBoundSheet = 0x0085,
  kMulRk = 0x00BD,
  kRString = 0x00D6,
  kDrawingGroup = 0x00EB,
  kSst = 0x00FC,
  kLabelSst = 0x00FD,
  kTextObject = 0x01B6,
  kNumber = 0x0203,
  kLabel = 0x0204,
  kString = 0x0207,
  kRk = 0x027E,
  kBof = 0x0809,
};
constexpr uint32_t kBiff8 = 0x0600;
constexpr uint64_t kSpendStep = 64 << 10;

class WorkbookReader {
 public:
  explicit WorkbookReader(Context& context) : context_(context), writer_(context.sink) {}

  absl::Status Read(std::string_view bytes);

 private:
  absl::Status Take(const ExcelRecord& record);
  void TakeCell(const ExcelRecord& record);
  void TakeStrings(const ExcelRecord& record);
  void TakeTextObject(const ExcelRecord& record);
  void Begin(const ExcelRecord& record);
  void EndSheet();
  void Put(uint32_t row, std::string_view text);
  // A string whose length is of `width` bytes; in BIFF5 of a code page.
  std::string String(ExcelReader& reader, size_t width) const;

  Context& context_;
  TextWriter writer_;
  uint32_t version_ = 0;
  uint32_t sheets_ = 0;
  SharedStrings strings_;
  bool strings_full_ = false;
  bool strings_cut_ = false;
  uint64_t unspent_ = 0;         // text that the context does not know of yet
  std::optional<uint32_t> row_;  // of the cells being written
  uint32_t formula_row_ = 0;
  std::string names_;
  std::string header_;
  std::string footer_;
  std::string notes_;
  bool pictures_ = false;
};

std::string WorkbookReader::String(ExcelReader& reader, size_t width) const {
  const size_t count = reader.Number(width);
  if (version_ >= kBiff8) return reader.Characters(count, (reader.Number(1) & 1) != 0);
  std::string bytes;
  while (bytes.size() < count && !reader.ended()) {
    bytes.push_back(static_cast<char>(reader.Number(1)));
  }
  return DecodeName(bytes);
}

void WorkbookReader::Begin(const ExcelRecord& record) {
  EndSheet();
  version_ = LittleAt(record.first(), 0, 2);
  if (LittleAt(record.first(), 2, 2) != 5) ++sheets_;  // 5: the workbook's own
}

void WorkbookReader::EndSheet() {
  if (row_) {
    writer_.Flush();
    context_.sink.EndPart();
    row_.reset();
  }
  EmitPart(context_, fmt::format("header{}", sheets_), v1::PART_KIND_HEADER, header_);
  EmitPart(context_, fmt::format("footer{}", sheets_), v1::PART_KIND_FOOTER, footer_);
  EmitPart(context_, fmt::format("comments{}", sheets_), v1::PART_KIND_COMMENT, notes_);
  header_.clear();
  footer_.clear();
  notes_.clear();
}

void WorkbookReader::Put(uint32_t row, std::string_view text) {
  if (!row_) {
    context_.sink.BeginPart(context_.PartName(fmt::format("sheet{}", sheets_)),
                            v1::PART_KIND_CELLS);
  } else {
    writer_.Append(*row_ == row ? "\t" : "\n");
  }
  row_ = row;
  // Cells share strings: a little of the file can be much text.
  unspent_ += text.size();
  if (unspent_ > kSpendStep) context_.SpendBytes(std::exchange(unspent_, 0), "");
  writer_.Append(text);
}

void WorkbookReader::TakeStrings(const ExcelRecord& record) {
  ExcelReader reader(record);
  reader.Skip(4);
  const uint32_t count = reader.Number(4);
  const uint64_t bound = context_.limits.memory_object_bytes_max;
  uint32_t taken = 0;
  for (; taken < count && !reader.ended() && !strings_full_; ++taken) {
    strings_full_ = !strings_.Append(reader.RichString(), bound) || !strings_.EndString(bound);
  }
  strings_cut_ = taken < count;
}

void WorkbookReader::TakeCell(const ExcelRecord& record) {
  ExcelReader reader(record);
  const uint32_t row = reader.Number(2);
  reader.Skip(record.type == kMulRk ? 2 : 4);  // column and format
  if (record.type == kLabelSst) {
    const uint32_t index = reader.Number(4);
    if (index < strings_.size()) Put(row, strings_.Use(index));
  } else if (record.type == kLabel || record.type == kRString) {
    Put(row, String(reader, 2));
  } else if (record.type == kRk) {
    Put(row, ShownNumber(FromRk(reader.Number(4))));
  } else if (record.type == kMulRk) {
    const std::string_view cells = record.first();
    for (size_t at = 4; at + 8 <= cells.size(); at += 6) {
      Put(row, ShownNumber(FromRk(LittleAt(cells, at + 2, 4))));
    }
  } else {
    const uint32_t low = reader.Number(4);
    const uint32_t high = reader.Number(4);
    formula_row_ = row;
    // Of a formula: a string follows, or a truth value, or nothing (2.5.133).
    if (record.type == kFormula && high >> 16 == 0xFFFF) return;
    Put(row, ShownNumber(Real(low, high)));
  }
}

// The text is in the record that continues it, the one after that holds its formats (2.4.329).
void WorkbookReader::TakeTextObject(const ExcelRecord& record) {
  const size_t count = LittleAt(record.first(), 10, 2);
  if (count == 0 || record.segments.size() < 2 || record.segments[1].empty()) return;
  ExcelRecord text;
  text.segments.assign(record.segments.begin() + 1, record.segments.end());
  ExcelReader reader(text);
  const bool wide = (reader.Number(1) & 1) != 0;
  notes_ += reader.Characters(count, wide) + '\n';
}

absl::Status WorkbookReader::Take(const ExcelRecord& record) {
  ExcelReader reader(record);
  switch (record.type) {
    case kFilePass:
      return absl::PermissionDeniedError("encrypted workbook");
    case kBof:
      Begin(record);
      break;
    case kEof:
      EndSheet();
      break;
    case kBoundSheet:
      reader.Skip(6);
      names_ += String(reader, 1) + '\n';
      break;
    case kHeader:
      if (!record.first().empty())
        header_ += WithoutLayoutCodes(String(reader, version_ >= kBiff8 ? 2 : 1));
      break;
    case kFooter:
      if (!record.first().empty())
        footer_ += WithoutLayoutCodes(String(reader, version_ >= kBiff8 ? 2 : 1));
      break;
    case kNote5:
      if (version_ < kBiff8) {
        reader.Skip(4);
        notes_ += String(reader, 2) + '\n';
      }
      break;
    case kSst:
      TakeStrings(record);
      break;
    case kString:
      Put(formula_row_, String(reader, 2));
      break;
    case kTextObject:
      TakeTextObject(record);
      break;
    case kDrawingGroup: {
      std::string group;
      for (const std::string_view segment : record.segments) group += segment;
      pictures_ |= HoldsPicture(group);
      break;
    }
    case kLabelSst:
    case kLabel:
    case kRString:
    case kNumber:
    case kRk:
    case kMulRk:
    case kFormula:
      TakeCell(record);
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::Status WorkbookReader::Read(std::string_view bytes) {
  ExcelRecords records(bytes);
  uint32_t count = 0;
  absl::Status status = absl::OkStatus();
  while (const auto record = records.Next()) {
    status = Take(*record);
    if (!status.ok()) break;
    ++count;
    if (!context_.InTime("")) break;  // or too much has come out
  }
  EndSheet();
  strings_.EmitUnused(context_);
  EmitPart(context_, "workbook", v1::PART_KIND_PROPERTY, names_);
  if (pictures_) {
    context_.sink.Unscanned(context_.PartName("pictures"), v1::UNSCANNED_REASON_UNSUPPORTED,
                            "pictures in a workbook");
  }
  if (!status.ok()) return status;
  if (count == 0) return absl::DataLossError("workbook without records");
  if (strings_full_) {
    return absl::ResourceExhaustedError(
        fmt::format("memory_object_bytes_max {}", context_.limits.memory_object_bytes_max));
  }
  if (records.damaged() || strings_cut_) {
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                            "workbook is cut off");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadExcel(CompoundFile& file, const CompoundFile::Stream& stream, Context& context) {
  const absl::StatusOr<std::string> bytes = ReadStream(file, stream, context);
  if (!bytes.ok()) return bytes.status();
  return WorkbookReader(context).Read(*bytes);
}

}  // namespace shoumi::inspect
