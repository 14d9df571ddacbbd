#include "agent/inspect/extract/shared_strings.h"

#include <algorithm>

#include "agent/inspect/extract/text_writer.h"

namespace shoumi::inspect {

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

void SharedStrings::EmitUnused(Context& context) const {
  TextWriter writer(context.sink);
  bool begun = false;
  for (size_t i = 0; i < size(); ++i) {
    if (used(i)) continue;
    if (!begun) context.sink.BeginPart(context.PartName("sharedStrings"), v1::PART_KIND_CELLS);
    begun = true;
    writer.Append(at(i));
    writer.Append("\n");
  }
  if (!begun) return;
  writer.Flush();
  context.sink.EndPart();
}

}  // namespace shoumi::inspect
