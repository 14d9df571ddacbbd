#include "agent/inspect/extract/first_page.h"

namespace shoumi::inspect {

FirstPageSplitter::FirstPageSplitter(Context& context, uint32_t lines_max, size_t bytes_max)
    : context_(context), lines_max_(lines_max), bytes_max_(bytes_max), writer_(context.sink) {}

void FirstPageSplitter::Append(std::string_view text) {
  if (in_body_) {
    writer_.Append(text);
    return;
  }
  head_.append(text);
  uint32_t lines = 0;
  size_t cut = 0;
  for (size_t at = head_.find('\n'); at != std::string::npos && at < bytes_max_;
       at = head_.find('\n', at + 1)) {
    cut = at + 1;
    if (++lines == lines_max_) break;
  }
  if (lines == lines_max_ || head_.size() > bytes_max_) Split(cut);
}

void FirstPageSplitter::Split(size_t cut) {
  EmitPart(context_, "first page", v1::PART_KIND_FIRST_PAGE,
           std::string_view(head_).substr(0, cut));
  in_body_ = true;
  context_.sink.BeginPart(context_.PartName("body"), v1::PART_KIND_BODY);
  writer_.Append(std::string_view(head_).substr(cut));
  head_.clear();
}

void FirstPageSplitter::Finish() {
  if (in_body_) {
    writer_.Flush();
    context_.sink.EndPart();
  } else {
    EmitPart(context_, "first page", v1::PART_KIND_FIRST_PAGE, head_);
  }
}

}  // namespace shoumi::inspect
