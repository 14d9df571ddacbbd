#include "agent/ledger/ledger.h"

#include <algorithm>
#include <string_view>

#include "common/crypto/crypto.h"
#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

constexpr size_t kEvictedShare =
    16;  // this part of all goes at once, as looking for it takes a while

// Ascending, without doubles.
void Order(std::vector<uint64_t>& keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

std::vector<uint64_t> KeysOf(std::string_view detector,
                             const std::vector<const v1::Finding*>& findings) {
  std::vector<uint64_t> keys;
  for (const v1::Finding* finding : findings) {
    if (finding->rule() != detector) continue;
    keys.insert(keys.end(), finding->value_keys().begin(), finding->value_keys().end());
  }
  Order(keys);
  return keys;
}

}  // namespace

// Under the ledger's mutex.
class Ledger::View final : public History {
 public:
  View(const User& user, uint32_t now) : user_(user), now_(now) {}

  [[nodiscard]] uint64_t PassedBesides(std::string_view pattern, uint32_t within_minutes,
                                       const std::vector<const v1::Finding*>& here) const override {
    const uint32_t since = now_ - std::min(within_minutes, now_);
    uint64_t count = 0;
    for (const auto& [detector, series] : user_.passed) {
      if (!rules::DetectorMatches(pattern, detector)) continue;
      count += series.CountBesides(KeysOf(detector, here), since);
    }
    std::map<std::string_view, std::vector<uint64_t>> passing;
    for (const Keys& event : user_.passing) {
      for (const auto& [detector, keys] : event) {
        if (!rules::DetectorMatches(pattern, detector)) continue;
        std::vector<uint64_t>& all = passing[detector];
        all.insert(all.end(), keys.begin(), keys.end());
      }
    }
    for (auto& [detector, keys] : passing) {
      Order(keys);
      count += CountPassing(detector, keys, KeysOf(detector, here), since);
    }
    return count;
  }

 private:
  [[nodiscard]] uint64_t CountPassing(std::string_view detector, const std::vector<uint64_t>& keys,
                                      const std::vector<uint64_t>& here, uint32_t since) const {
    const auto passed = user_.passed.find(detector);
    return static_cast<uint64_t>(std::count_if(keys.begin(), keys.end(), [&](uint64_t key) {
      return !std::binary_search(here.begin(), here.end(), key) &&
             (passed == user_.passed.end() || !passed->second.Has(key, since));
    }));
  }

  const User& user_;
  const uint32_t now_;
};

Ledger::Claim& Ledger::Claim::operator=(Claim&& other) noexcept {
  if (this == &other) return *this;
  End(false);
  ledger_ = std::exchange(other.ledger_, nullptr);
  uid_ = other.uid_;
  place_ = other.place_;
  return *this;
}

void Ledger::Claim::End(bool kept) {
  if (ledger_ == nullptr) return;
  Ledger& ledger = *std::exchange(ledger_, nullptr);
  const std::lock_guard lock(ledger.mutex_);
  const Keys keys = std::move(*place_);
  ledger.users_[uid_].passing.erase(place_);
  ledger.Take(uid_, kept ? keys : Keys());
}

void Ledger::Watch(const v1::Policy& policy) {
  const std::lock_guard lock(mutex_);
  watched_.clear();
  stats_.within_minutes_max = 0;
  for (const v1::DetectorCondition* condition : rules::ConditionsOverTime(policy)) {
    watched_.push_back(
        {condition->detector(), condition->min_confidence(), condition->within_minutes()});
    stats_.within_minutes_max =
        std::max<uint64_t>(stats_.within_minutes_max, condition->within_minutes());
  }
  stats_.conditions = watched_.size();
  DropFromAll([this](const std::string& detector, Series& series) {
    return LongestWithin(detector) == 0 ? series.DropBefore(UINT32_MAX) : 0;
  });
  if (watched_.empty()) {
    crypto::Wipe(value_key_);
    value_key_.clear();
  }
  ++version_;
  watching_ = !watched_.empty();
}

std::string Ledger::KeyFor(const v1::Policy& policy) {
  if (rules::ConditionsOverTime(policy).empty()) return "";
  const std::lock_guard lock(mutex_);
  if (value_key_.empty()) value_key_ = crypto::RandomBytes(kValueKeyBytes);
  return value_key_;
}

uint32_t Ledger::LongestWithin(const std::string& detector) const {
  uint32_t longest = 0;
  for (const Watched& watched : watched_) {
    if (rules::DetectorMatches(watched.pattern, detector)) {
      longest = std::max(longest, watched.within_minutes);
    }
  }
  return longest;
}

Ledger::Keys Ledger::WantedOf(const v1::InspectReport& report) {
  std::map<std::string, std::vector<uint64_t>> wanted;
  for (const v1::Finding& finding : report.findings()) {
    const bool counts = std::any_of(watched_.begin(), watched_.end(), [&](const Watched& one) {
      return finding.confidence() >= one.min_confidence &&
             rules::DetectorMatches(one.pattern, finding.rule());
    });
    if (!counts || finding.value_keys().empty()) continue;
    std::vector<uint64_t>& keys = wanted[finding.rule()];
    keys.insert(keys.end(), finding.value_keys().begin(), finding.value_keys().end());
    Order(keys);
    const auto known = static_cast<uint32_t>(finding.value_keys_size());
    stats_.cut += finding.distinct() - std::min(finding.distinct(), known);
  }
  return {wanted.begin(), wanted.end()};
}

Ledger::Claim Ledger::Decide(uint32_t uid, const v1::InspectReport& report,
                             const std::function<bool(const History&)>& passes) {
  Claim claim;
  if (!watching_) {
    passes(History::None());
    return claim;
  }
  const std::lock_guard lock(mutex_);
  const User nobody;
  const auto known = users_.find(uid);
  const bool passed = passes(View(known == users_.end() ? nobody : known->second, time_.Now()));
  Keys keys = passed ? WantedOf(report) : Keys();
  if (keys.empty()) return claim;
  User& user = users_[uid];
  user.passing.push_front(std::move(keys));
  claim.ledger_ = this;
  claim.uid_ = uid;
  claim.place_ = user.passing.begin();
  return claim;
}

void Ledger::Take(uint32_t uid, const Keys& keys) {
  User& user = users_[uid];
  const uint32_t now = time_.Now();
  for (const auto& [detector, values] : keys) {
    if (LongestWithin(detector) == 0) continue;  // another policy meanwhile
    const auto [place, fresh] = user.passed.try_emplace(detector);
    series_ += fresh ? 1 : 0;
    values_ -= place->second.values().size();
    stats_.over_series_max += place->second.Add(values, now, rules::kDistinctWithinMax);
    values_ += place->second.values().size();
    ++version_;
  }
  if (user.passed.empty() && user.passing.empty()) users_.erase(uid);
  if (Weight() > options_.values_max) Evict();
}

size_t Ledger::DropFromAll(
    const std::function<size_t(const std::string& detector, Series&)>& drop) {
  size_t dropped = 0;
  for (auto user = users_.begin(); user != users_.end();) {
    Passed& passed = user->second.passed;
    for (auto one = passed.begin(); one != passed.end();) {
      dropped += drop(one->first, one->second);
      const bool empty = one->second.values().empty();
      series_ -= empty ? 1 : 0;
      one = empty ? passed.erase(one) : std::next(one);
    }
    const bool gone = passed.empty() && user->second.passing.empty();
    user = gone ? users_.erase(user) : std::next(user);
  }
  values_ -= dropped;
  version_ += dropped > 0 ? 1 : 0;
  return dropped;
}

void Ledger::Evict() {
  std::vector<uint32_t> minutes;
  minutes.reserve(values_);
  for (const auto& [uid, user] : users_) {
    for (const auto& [detector, series] : user.passed) {
      for (const Series::Value& value : series.values()) minutes.push_back(value.minute);
    }
  }
  if (minutes.empty()) return;
  const size_t wanted =
      std::max(options_.values_max / kEvictedShare, Weight() - options_.values_max);
  const size_t gone = std::min(wanted, minutes.size());
  const auto last = minutes.begin() + static_cast<std::ptrdiff_t>(gone - 1);
  std::nth_element(minutes.begin(), last, minutes.end());
  const uint32_t cut = *last;
  size_t more = gone - static_cast<size_t>(std::count_if(
                           minutes.begin(), last + 1, [cut](uint32_t one) { return one < cut; }));
  stats_.evicted += DropFromAll(
      [cut, &more](const std::string&, Series& series) { return series.DropBefore(cut, more); });
}

void Ledger::Prune() {
  const std::lock_guard lock(mutex_);
  if (watched_.empty()) return;  // no policy yet, or nothing is held
  const uint32_t now = time_.Now();
  DropFromAll([this, now](const std::string& detector, Series& series) {
    return series.DropBefore(now - LongestWithin(detector));
  });
}

Ledger::Stats Ledger::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.values = values_;
  stats.unsaved = version_ - saved_version_;
  return stats;
}

}  // namespace shoumi::agent
