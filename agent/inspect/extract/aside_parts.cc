#include "agent/inspect/extract/aside_parts.h"

#include <algorithm>
#include <utility>

#include "agent/inspect/extract/text_writer.h"
#include "fmt/format.h"

namespace shoumi::inspect {

size_t AsideParts::Open(std::string_view name, v1::PartKind kind, Naming naming) {
  const auto found = std::find_if(parts_.rbegin(), parts_.rend(), [&](const Part& one) {
    return one.name == name && one.kind == kind;
  });
  const bool numbered = naming == Naming::kNumbered && parts_.size() < kPartsMax;
  if (found != parts_.rend() && !numbered) {
    const size_t at = emitted_ + static_cast<size_t>(parts_.rend() - found) - 1;
    if (!found->text.empty() && !found->text.ends_with('\n')) Append(at, "\n");
    return at;
  }
  uint32_t number = 0;
  if (naming == Naming::kNumbered) {
    auto row = std::find_if(numbers_.begin(), numbers_.end(),
                            [&](const auto& one) { return one.first == name; });
    if (row == numbers_.end()) row = numbers_.emplace(numbers_.end(), name, 0);
    number = ++row->second;
  }
  parts_.push_back({std::string(name), kind, number, ""});
  return emitted_ + parts_.size() - 1;
}

void AsideParts::Append(size_t part, std::string_view text) {
  if (part >= emitted_ && Hold(text.size())) parts_[part - emitted_].text.append(text);
}

bool AsideParts::Hold(uint64_t bytes) {
  held_ += bytes;
  if (held_ <= context_.limits.memory_object_bytes_max) return true;
  if (!std::exchange(oversize_, true)) {
    context_.sink.Unscanned(
        context_.PartName(""), v1::UNSCANNED_REASON_OVERSIZE,
        fmt::format("memory_object_bytes_max {}", context_.limits.memory_object_bytes_max));
  }
  return false;
}

void AsideParts::Emit() {
  for (const Part& one : parts_) {
    EmitPart(context_, one.number == 0 ? one.name : fmt::format("{} {}", one.name, one.number),
             one.kind, one.text);
  }
  emitted_ += parts_.size();
  parts_.clear();
  held_ = 0;
}

}  // namespace shoumi::inspect
