#include "agent/channels/clipboard/warnings.h"

#include <algorithm>

namespace shoumi::agent::clipboard {

bool Warnings::MayGoOn(const std::string& what, std::chrono::seconds max, Time now) const {
  const std::lock_guard lock(mutex_);
  const auto it = warned_.find(what);
  return it != warned_.end() && now - it->second >= min_ && now - it->second <= max;
}

void Warnings::Warn(const std::string& what, std::chrono::seconds max, Time now) {
  const std::lock_guard lock(mutex_);
  const auto it = warned_.find(what);
  if (it != warned_.end()) {
    if (now - it->second > max) it->second = now;
    return;
  }
  if (warned_.size() >= warnings_max_) {
    warned_.erase(std::ranges::min_element(warned_, {}, &decltype(warned_)::value_type::second));
  }
  warned_.emplace(what, now);
}

void Warnings::Clear() {
  const std::lock_guard lock(mutex_);
  warned_.clear();
}

size_t Warnings::size() const {
  const std::lock_guard lock(mutex_);
  return warned_.size();
}

}  // namespace shoumi::agent::clipboard
