#include "agent/channels/usb/extents.h"

#include <algorithm>
#include <iterator>

namespace shoumi::agent::usb {

void Extents::Add(uint64_t start, uint64_t end) {
  if (start >= end) return;
  auto it = ranges_.upper_bound(start);
  if (it != ranges_.begin() && std::prev(it)->second >= start) --it;
  while (it != ranges_.end() && it->first <= end) {
    start = std::min(start, it->first);
    end = std::max(end, it->second);
    bytes_ -= it->second - it->first;
    it = ranges_.erase(it);
  }
  ranges_.emplace(start, end);
  bytes_ += end - start;
}

void Extents::Remove(uint64_t start, uint64_t end) {
  if (start >= end) return;
  auto it = ranges_.upper_bound(start);
  if (it != ranges_.begin() && std::prev(it)->second > start) --it;
  while (it != ranges_.end() && it->first < end) {
    const auto [first, last] = *it;
    bytes_ -= last - first;
    it = ranges_.erase(it);
    if (first < start) {
      ranges_.emplace(first, start);
      bytes_ += start - first;
    }
    if (last > end) {
      it = ranges_.emplace(end, last).first;
      bytes_ += last - end;
    }
  }
}

void Extents::Clear() {
  ranges_.clear();
  bytes_ = 0;
}

Extents::Range Extents::Next(uint64_t position, uint64_t limit) const {
  auto it = ranges_.upper_bound(position);
  if (it != ranges_.begin() && std::prev(it)->second > position) --it;
  if (it == ranges_.end() || it->first >= limit) return {limit, limit};
  return {std::max(position, it->first), std::min(it->second, limit)};
}

uint64_t Extents::Covered(uint64_t start, uint64_t end) const {
  uint64_t sum = 0;
  for (Range range = Next(start, end); range.start < range.end; range = Next(range.end, end)) {
    sum += range.end - range.start;
  }
  return sum;
}

}  // namespace shoumi::agent::usb
