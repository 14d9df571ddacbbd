#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "agent/ledger/ledger.h"
#include "rules/policy/policy.h"

// The ledger as it is kept on disk.
namespace shoumi::agent {
namespace {

constexpr size_t kSeriesAtATime = 8;  // taken in one hold of the lock
constexpr size_t kDetectorBytesMax = 256;

bool IsSound(const v1::PassedValues::Series& series) {
  return !series.detector().empty() && series.detector().size() <= kDetectorBytesMax &&
         series.value_keys_size() == series.minutes_size() && !series.value_keys().empty() &&
         series.value_keys_size() <= static_cast<int>(rules::kDistinctWithinMax) &&
         std::adjacent_find(series.value_keys().begin(), series.value_keys().end(),
                            std::greater_equal<>()) == series.value_keys().end();
}

}  // namespace

std::optional<Ledger::Kept> Ledger::Changed() const {
  Kept kept;
  std::pair<uint32_t, std::string> at;
  bool more = true;
  {
    const std::lock_guard lock(mutex_);
    if (version_ == saved_version_) return std::nullopt;
    kept.version = version_;
    kept.values.set_value_key(value_key_);
    if (watched_.empty()) return kept;
  }
  while (more) {
    const std::lock_guard lock(mutex_);
    const uint32_t now = time_.Now();
    const uint32_t wall = time_.WallNow();
    size_t taken = 0;
    more = false;
    for (auto user = users_.lower_bound(at.first); user != users_.end() && !more; ++user) {
      const Passed& passed = user->second.passed;
      const bool begun = user->first == at.first && !at.second.empty();
      auto one = begun ? passed.upper_bound(at.second) : passed.begin();
      for (; one != passed.end() && !more; ++one) {
        at = {user->first, one->first};
        v1::PassedValues::Series& series = *kept.values.add_series();
        series.set_uid(user->first);
        series.set_detector(one->first);
        const auto count = static_cast<int>(one->second.values().size());
        series.mutable_value_keys()->Reserve(count);
        series.mutable_minutes()->Reserve(count);
        for (const Series::Value& value : one->second.values()) {
          series.add_value_keys(value.key);
          series.add_minutes(wall - std::min(now - value.minute, wall));
        }
        more = ++taken == kSeriesAtATime;
      }
    }
  }
  return kept;
}

void Ledger::Saved(uint64_t version) {
  const std::lock_guard lock(mutex_);
  saved_version_ = version;
}

// Times later than now come from a clock that has been put back since: the latest then is now, and
// the others are as much older as they were.
absl::Status Ledger::Restore(const v1::PassedValues& values) {
  size_t weight = 0;
  uint32_t reference = time_.WallNow();
  for (const v1::PassedValues::Series& series : values.series()) {
    if (!IsSound(series)) return absl::DataLossError("a series of values is not sound");
    weight += kSeriesWeight + static_cast<size_t>(series.value_keys_size());
    for (const uint32_t minute : series.minutes()) reference = std::max(reference, minute);
  }
  if (values.value_key().size() != kValueKeyBytes || weight > options_.values_max) {
    return absl::DataLossError("its key or the number of values is not sound");
  }
  const std::lock_guard lock(mutex_);
  const uint32_t now = time_.Now();
  value_key_ = values.value_key();
  for (const v1::PassedValues::Series& series : values.series()) {
    std::vector<Series::Value> restored;
    for (int i = 0; i < series.value_keys_size(); ++i) {
      const uint32_t age = reference - series.minutes(i);
      if (age <= rules::kWithinMinutesMax) restored.push_back({series.value_keys(i), now - age});
    }
    if (restored.empty()) continue;
    const auto [place, fresh] = users_[series.uid()].passed.try_emplace(series.detector());
    if (!fresh) continue;
    values_ += restored.size();
    ++series_;
    place->second.Restore(std::move(restored));
  }
  return absl::OkStatus();
}

}  // namespace shoumi::agent
