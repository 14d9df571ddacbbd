#include "agent/ledger/series.h"

#include <algorithm>

namespace shoumi::agent {

size_t Series::Add(std::span<const uint64_t> keys, uint32_t minute, size_t values_max) {
  std::vector<Value> merged;
  merged.reserve(values_.size() + keys.size());
  auto old = values_.begin();
  for (const uint64_t key : keys) {
    while (old != values_.end() && old->key < key) merged.push_back(*old++);
    uint32_t latest = minute;
    if (old != values_.end() && old->key == key) latest = std::max(latest, (old++)->minute);
    merged.push_back({key, latest});
  }
  merged.insert(merged.end(), old, values_.end());
  merged.shrink_to_fit();
  values_ = std::move(merged);
  if (values_.size() <= values_max) return 0;

  const size_t excess = values_.size() - values_max;
  std::vector<uint32_t> minutes;
  minutes.reserve(values_.size());
  for (const Value& value : values_) minutes.push_back(value.minute);
  const auto cut = minutes.begin() + static_cast<std::ptrdiff_t>(excess);
  std::nth_element(minutes.begin(), cut, minutes.end());
  const auto older = std::count_if(values_.begin(), values_.end(),
                                   [&](const Value& value) { return value.minute < *cut; });
  size_t more = excess - static_cast<size_t>(older);
  return DropBefore(*cut, more);
}

uint64_t Series::CountBesides(std::span<const uint64_t> besides, uint32_t since) const {
  uint64_t count = 0;
  auto next = besides.begin();
  for (const Value& value : values_) {
    while (next != besides.end() && *next < value.key) ++next;
    if (next != besides.end() && *next == value.key) continue;
    count += value.minute >= since ? 1 : 0;
  }
  return count;
}

bool Series::Has(uint64_t key, uint32_t since) const {
  const auto found =
      std::lower_bound(values_.begin(), values_.end(), key,
                       [](const Value& value, uint64_t wanted) { return value.key < wanted; });
  return found != values_.end() && found->key == key && found->minute >= since;
}

size_t Series::DropBefore(uint32_t minute) {
  size_t none = 0;
  return DropBefore(minute, none);
}

size_t Series::DropBefore(uint32_t minute, size_t& more) {
  const size_t before = values_.size();
  std::erase_if(values_, [&](const Value& value) {
    if (value.minute != minute || more == 0) return value.minute < minute;
    --more;
    return true;
  });
  // Some room is left for what comes next, not for what has gone.
  if (values_.capacity() > 2 * values_.size()) values_.shrink_to_fit();
  return before - values_.size();
}

}  // namespace shoumi::agent
