#include "agent/inspect/extract/ooxml/sheet.h"

#include <algorithm>
#include <charconv>

#include "agent/inspect/extract/layout_codes.h"
#include "agent/inspect/extract/numbers.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kHeldBytesMax = 64 << 10;   // of a cell; what is longer goes on as a stream
constexpr size_t kHeaderBytesMax = 1 << 20;  // Excel's own bound is 255 characters
constexpr uint64_t kSpendStep = 64 << 10;
constexpr uint32_t kColumnsMax = 16'384;  // of Excel
constexpr uint32_t kTabsMax = 256;        // so that columns stay under their heads

// Of "AB12", from 1 on; 0 when it says none.
uint32_t ColumnOf(std::string_view reference) {
  uint32_t column = 0;
  for (const char c : reference) {
    if (c < 'A' || c > 'Z') break;
    column = column * 26 + static_cast<uint32_t>(c - 'A') + 1;
    if (column > kColumnsMax) return 0;
  }
  return column;
}

}  // namespace

void SharedStringsReader::Start(std::string_view local, const XmlAttributes&) {
  const Tag tag = TagOf(local);
  if (skipped_ > 0 || tag == Tag::kSkipped) {
    ++skipped_;
  } else if (tag == Tag::kText) {
    in_text_ = true;
  }
}

void SharedStringsReader::End(std::string_view local) {
  if (skipped_ > 0) {
    --skipped_;
    return;
  }
  const Tag tag = TagOf(local);
  if (tag == Tag::kText) in_text_ = false;
  if (tag == Tag::kSharedItem && !full_) {
    Bound(strings_.EndString(context_.limits.memory_object_bytes_max));
  }
}

void SharedStringsReader::Characters(std::string_view text) {
  if (!in_text_ || skipped_ > 0 || full_) return;
  const uint64_t bound = context_.limits.memory_object_bytes_max;
  const bool kept = strings_.Append(text, bound);
  if (!kept) strings_.EndString(bound);  // what is there of it is looked at
  Bound(kept);
}

void SharedStringsReader::Bound(bool kept) {
  if (kept) return;
  full_ = true;
  context_.sink.Unscanned(
      context_.PartName("sharedStrings"), v1::UNSCANNED_REASON_OVERSIZE,
      fmt::format("memory_object_bytes_max {}", context_.limits.memory_object_bytes_max));
}

SheetReader::SheetReader(Context& context, std::string part, SharedStrings& strings)
    : context_(context), part_(std::move(part)), strings_(strings), writer_(context.sink) {}

void SheetReader::Begin() {
  context_.sink.BeginPart(context_.PartName(part_), v1::PART_KIND_CELLS);
}

void SheetReader::Finish() {
  writer_.Flush();
  context_.sink.EndPart();
  for (const AsidePart& aside : aside_) EmitPart(context_, aside.name, aside.kind, aside.text);
  if (header_cut_) {
    context_.sink.Unscanned(context_.PartName(part_), v1::UNSCANNED_REASON_OVERSIZE,
                            fmt::format("header_bytes_max {}", kHeaderBytesMax));
  }
}

void SheetReader::Start(std::string_view local, const XmlAttributes& attributes) {
  const Tag tag = TagOf(local);
  if (skipped_ > 0 || tag == Tag::kSkipped) {
    ++skipped_;
    return;
  }
  switch (tag) {
    case Tag::kCellC:
      type_ = attributes.Get("t");
      value_.clear();
      ++column_;
      if (const uint32_t column = ColumnOf(attributes.Get("r")); column != 0) column_ = column;
      in_cell_ = true;
      cell_written_ = false;
      break;
    case Tag::kRow:
      row_has_cells_ = false;
      column_ = 0;
      column_written_ = 1;
      break;
    case Tag::kHeaderFooter:
      value_.clear();
      take_ = true;
      break;
    case Tag::kValue:
    case Tag::kText:
      take_ = true;
      break;
    default:
      break;
  }
}

void SheetReader::End(std::string_view local) {
  if (skipped_ > 0) {
    --skipped_;
    return;
  }
  switch (TagOf(local)) {
    case Tag::kCellC:
      EndCell();
      break;
    case Tag::kRow:
      if (row_has_cells_) writer_.Append("\n");
      break;
    case Tag::kHeaderFooter:
      take_ = false;
      EndHeaderFooter(local);
      break;
    case Tag::kValue:
    case Tag::kText:
      take_ = false;
      break;
    default:
      break;
  }
}

void SheetReader::Characters(std::string_view text) {
  if (!take_ || skipped_ > 0) return;
  if (!in_cell_ && value_.size() + text.size() > kHeaderBytesMax) {
    header_cut_ = true;
    return;
  }
  value_.append(text);
  if (!in_cell_ || value_.size() < kHeldBytesMax) return;
  type_ = "str";  // no number and no index is that long
  WriteCell(value_);
  value_.clear();
}

void SheetReader::EndCell() {
  in_cell_ = false;
  if (type_ == "s") {
    size_t index = 0;
    const char* const end = value_.data() + value_.size();
    const auto parsed = std::from_chars(value_.data(), end, index);
    if (parsed.ec == std::errc() && parsed.ptr == end && index < strings_.size()) {
      const std::string_view text = strings_.Use(index);
      unspent_ += text.size();  // one shared string may stand in a million cells
      WriteCell(text);
    } else {
      WriteCell(value_);
    }
  } else if (type_.empty() || type_ == "n") {
    WriteCell(PlainNumber(value_));
  } else {
    WriteCell(value_);
  }
  if (unspent_ > kSpendStep) {
    stopped_ = !context_.SpendBytes(unspent_, part_) || !context_.InTime(part_);
    unspent_ = 0;
  }
}

void SheetReader::WriteCell(std::string_view text) {
  if (text.empty()) return;
  if (!cell_written_) {
    const uint32_t tabs = column_ > column_written_ ? column_ - column_written_ : 0;
    // Two cells stay apart whatever they say of their columns.
    writer_.Append(std::string(std::clamp(tabs, row_has_cells_ ? 1U : 0U, kTabsMax), '\t'));
    column_written_ = column_;
  }
  cell_written_ = true;
  row_has_cells_ = true;
  saw_text_ = true;
  // A line feed within a cell would tear the row.
  while (!text.empty()) {
    const size_t feed = std::min(text.find('\n'), text.find('\r'));
    writer_.Append(text.substr(0, feed));
    if (feed == std::string_view::npos) break;
    writer_.Append(" ");
    text.remove_prefix(feed + 1);
  }
}

void SheetReader::EndHeaderFooter(std::string_view local) {
  const bool header = local.ends_with("Header");
  const std::string text = WithoutLayoutCodes(value_);
  if (text.find_first_not_of(" \n\t") == std::string::npos) return;
  aside_.push_back({fmt::format("{} {}", part_, header ? "header" : "footer"),
                    header ? v1::PART_KIND_HEADER : v1::PART_KIND_FOOTER, text});
}

}  // namespace shoumi::inspect
