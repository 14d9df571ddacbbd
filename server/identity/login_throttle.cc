#include "server/identity/login_throttle.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace shoumi::server {
namespace {

constexpr std::chrono::seconds kSecond{1};

// Makes room for one more entry; `time_of` an entry says how old it is.
template <typename Table, typename TimeOf>
void DropOldest(Table& table, size_t entries_max, TimeOf time_of) {
  if (table.size() < entries_max) return;
  table.erase(std::min_element(table.begin(), table.end(), [&](const auto& a, const auto& b) {
    return time_of(a.second) < time_of(b.second);
  }));
}

}  // namespace

std::chrono::seconds LoginThrottle::WaitOf(const Key& key, uint32_t failures_max,
                                           Clock::Steady now) const {
  const auto it = failures_.find(key);
  if (it == failures_.end() || it->second.count < failures_max) return {};
  const auto left = it->second.since + limits_.window - now;
  return std::max(std::chrono::ceil<std::chrono::seconds>(left), std::chrono::seconds(0));
}

void LoginThrottle::Count(Key key, Clock::Steady now) {
  auto it = failures_.find(key);
  if (it == failures_.end()) {
    std::erase_if(failures_,
                  [&](const auto& entry) { return now - entry.second.since >= limits_.window; });
    DropOldest(failures_, limits_.sources_max, [](const Failures& entry) { return entry.since; });
    it = failures_.emplace(std::move(key), Failures{now, 0}).first;
  }
  Failures& entry = it->second;
  if (now - entry.since >= limits_.window) entry = {now, 0};
  ++entry.count;
}

absl::Status LoginThrottle::CountCheck(Clock::Steady now) {
  if (now - checks_.since >= kSecond) checks_ = {now, 0};
  if (checks_.count >= limits_.checks_per_second_max) {
    return absl::ResourceExhaustedError("too many logins at once; try again in a second");
  }
  ++checks_.count;
  return absl::OkStatus();
}

absl::Status LoginThrottle::Attempt(const Source& source) {
  Key one{std::string(source.network), std::string(source.user)};
  Key all{std::string(source.network), ""};
  const std::lock_guard lock(mutex_);
  const Clock::Steady now = clock_.Now();
  // Who logged in from here before does not wait for what a neighbour guesses.
  const bool known = known_.contains(one);
  auto wait = WaitOf(one, limits_.failures_per_source_max, now);
  if (!known) wait = std::max(wait, WaitOf(all, limits_.failures_per_network_max, now));
  if (wait.count() > 0) {
    return absl::ResourceExhaustedError(
        fmt::format("too many failed logins from this address; try again in {} s", wait.count()));
  }
  if (!known) {
    if (auto status = CountCheck(now); !status.ok()) return status;
  }
  Count(std::move(one), now);
  Count(std::move(all), now);
  return absl::OkStatus();
}

void LoginThrottle::Forgive(const Source& source) {
  Key one{std::string(source.network), std::string(source.user)};
  const std::lock_guard lock(mutex_);
  failures_.erase(one);
  const auto all = failures_.find(Key{one.first, ""});
  if (all != failures_.end() && --all->second.count == 0) failures_.erase(all);
  if (!known_.contains(one)) {
    DropOldest(known_, limits_.known_sources_max, [](Clock::Steady last) { return last; });
  }
  known_[std::move(one)] = clock_.Now();
}

size_t LoginThrottle::remembered() const {
  const std::lock_guard lock(mutex_);
  return failures_.size() + known_.size();
}

}  // namespace shoumi::server
