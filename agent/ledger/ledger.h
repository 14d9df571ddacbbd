#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "agent/decide/history.h"
#include "agent/ledger/ledger_time.h"
#include "agent/ledger/series.h"
#include "shoumi/v1/inspect.pb.h"
#include "shoumi/v1/local.pb.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::agent {

struct LedgerOptions {
  // Of all users and detectors together; a user's detector counts as 16. The oldest go first.
  size_t values_max = 1'000'000;
};

// What users have let pass, as far as a rule in force counts it over time: keyed hashes of values
// by user and detector, never the values. Nothing is held while no rule does. Thread-safe.
class Ledger {
  using Keys = std::vector<std::pair<std::string, std::vector<uint64_t>>>;  // by detector

 public:
  struct Stats {
    uint64_t values = 0;
    uint64_t unsaved = 0;          // changes since they were last on disk
    uint64_t evicted = 0;          // lost to values_max: users may get further than rules say
    uint64_t over_series_max = 0;  // gone because as many as any rule asks for are there
    uint64_t cut = 0;              // passed beyond the bound on a finding's value_keys
    uint64_t conditions = 0;       // of the rules in force that count over time
    uint64_t within_minutes_max = 0;
  };

  // Values of an event that passes, from its verdict to its answer: others count them already.
  // Destroyed without Keep() they have not passed.
  class Claim {
   public:
    Claim() = default;
    Claim(Claim&& other) noexcept { *this = std::move(other); }
    Claim& operator=(Claim&& other) noexcept;
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    ~Claim() { End(false); }

    void Keep() { End(true); }

   private:
    friend class Ledger;
    void End(bool kept);

    Ledger* ledger_ = nullptr;
    uint32_t uid_ = 0;
    std::list<Keys>::iterator place_;
  };

  explicit Ledger(LedgerTime time, LedgerOptions options = {})
      : time_(std::move(time)), options_(options) {}

  // The policy in force. What none of its rules counts is forgotten, with the key when none is
  // left.
  void Watch(const v1::Policy& policy);
  // For InspectorRules; made when it is first needed. Empty when no rule of `policy` counts over
  // time.
  std::string KeyFor(const v1::Policy& policy);

  // Calls `passes` once, which decides with the user's history and says whether the event is let
  // through. No two decisions overlap, so two events cannot both be the last that passes.
  Claim Decide(uint32_t uid, const v1::InspectReport& report,
               const std::function<bool(const History&)>& passes);

  // Drops what is older than any rule counts.
  void Prune();
  struct Kept {
    v1::PassedValues values;  // without a key: nothing is to be kept
    uint64_t version = 0;
  };
  // Empty when nothing has changed since Saved(). Holds up decisions for a few users at a time
  // only.
  [[nodiscard]] std::optional<Kept> Changed() const;
  void Saved(uint64_t version);
  // At start. DataLoss when it is none; then nothing is taken.
  absl::Status Restore(const v1::PassedValues& values);

  [[nodiscard]] Stats stats() const;

 private:
  class View;
  static constexpr size_t kSeriesWeight = 16;
  static constexpr size_t kValueKeyBytes = 16;
  using Passed = std::map<std::string, Series, std::less<>>;  // by detector
  struct Watched {
    std::string pattern;
    uint32_t min_confidence = 0;
    uint32_t within_minutes = 0;
  };
  struct User {
    Passed passed;
    std::list<Keys> passing;
  };

  // Under mutex_.
  [[nodiscard]] uint32_t LongestWithin(const std::string& detector) const;
  [[nodiscard]] Keys WantedOf(const v1::InspectReport& report);
  void Take(uint32_t uid, const Keys& keys);
  // Drops values by `drop`, which returns how many, and series and users that are left empty.
  size_t DropFromAll(const std::function<size_t(const std::string& detector, Series&)>& drop);
  void Evict();
  [[nodiscard]] size_t Weight() const { return values_ + kSeriesWeight * series_; }

  const LedgerTime time_;
  const LedgerOptions options_;
  std::atomic<bool> watching_{false};

  mutable std::mutex mutex_;  // guards what is below
  std::vector<Watched> watched_;
  std::map<uint32_t, User> users_;
  std::string value_key_;
  uint64_t version_ = 0;
  uint64_t saved_version_ = 0;
  size_t values_ = 0;
  size_t series_ = 0;
  Stats stats_;
};

}  // namespace shoumi::agent
