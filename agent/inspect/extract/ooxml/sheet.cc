#include "agent/inspect/extract/ooxml/sheet.h"

#include <algorithm>
#include <charconv>

#include "agent/inspect/extract/ooxml/numbers.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kHeldBytesMax = 64 << 10;   // of a cell; what is longer goes on as a stream
constexpr size_t kHeaderBytesMax = 1 << 20;  // Excel's own bound is 255 characters
constexpr uint64_t kSpendStep = 64 << 10;

}  // namespace

bool SharedStrings::Append(std::string_view text, uint64_t bytes_max) {
  const uint64_t bytes = text_.size() + text.size() + ends_.size() * sizeof(uint32_t);
  if (bytes > std::min<uint64_t>(bytes_max, UINT32_MAX)) return false;
  text_.append(text);
  return true;
}

bool SharedStrings::EndString(uint64_t bytes_max) {
  ends_.push_back(static_cast<uint32_t>(text_.size()));
  used_.push_back(false);
  return Append("", bytes_max);
}

std::string_view SharedStrings::at(size_t index) const {
  const size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(text_).substr(begin, ends_[index] - begin);
}

std::string_view SharedStrings::Use(size_t index) {
  used_[index] = true;
  return at(index);
}

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
      in_cell_ = true;
      cell_written_ = false;
      break;
    case Tag::kRow:
      row_has_cells_ = false;
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
  if (!cell_written_ && row_has_cells_) writer_.Append("\t");
  cell_written_ = true;
  row_has_cells_ = true;
  saw_text_ = true;
  // A line feed within a cell would tear the row.
  while (!text.empty()) {
    const size_t feed = text.find_first_of("\r\n");
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

std::string WithoutLayoutCodes(std::string_view text) {
  std::string plain;
  size_t i = 0;
  while (i < text.size()) {
    if (text[i] != '&' || i + 1 == text.size()) {
      plain.push_back(text[i++]);
      continue;
    }
    const char code = text[i + 1];
    i += 2;
    if (code == '&') {
      plain.push_back('&');
    } else if (code == '"') {
      const size_t end = text.find('"', i);
      i = end == std::string_view::npos ? text.size() : end + 1;
    } else if (code == 'L' || code == 'C' || code == 'R') {
      if (!plain.empty()) plain.push_back('\n');
    } else if (code == 'K') {
      i = std::min(text.size(), i + 6);  // RRGGBB
    } else if (code >= '0' && code <= '9') {
      while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    }
  }
  return plain;
}

}  // namespace shoumi::inspect
