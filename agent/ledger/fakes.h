#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/ledger/ledger.h"
#include "common/clock.h"

// For tests.
namespace shoumi::agent {

struct OverTime {
  std::string detector;
  uint32_t within_minutes = 0;
  uint32_t min_confidence = 0;
};

inline v1::Policy PolicyOverTime(const std::vector<OverTime>& conditions) {
  v1::Policy policy;
  for (const OverTime& one : conditions) {
    auto& condition = *policy.add_rules()->mutable_when()->mutable_not_()->mutable_detector();
    condition.set_detector(one.detector);
    condition.set_min_distinct(50);
    condition.set_within_minutes(one.within_minutes);
    condition.set_min_confidence(one.min_confidence);
  }
  return policy;
}

// A report with the values `from` to `from` + `count` of a detector.
inline v1::InspectReport ReportOf(const std::string& detector, uint64_t from, uint64_t count) {
  v1::InspectReport report;
  v1::Finding& finding = *report.add_findings();
  finding.set_rule(detector);
  finding.set_confidence(80);
  finding.set_count(static_cast<uint32_t>(count));
  finding.set_distinct(static_cast<uint32_t>(count));
  for (uint64_t key = from; key < from + count; ++key) finding.add_value_keys(key);
  return report;
}

// A ledger whose time the test makes. The wall clock can be set without time passing.
class LedgerAtWork {
 public:
  explicit LedgerAtWork(FakeClock& clock, LedgerOptions options = {})
      : ledger(LedgerTime(clock, [&clock] { return clock.Now().time_since_epoch(); }), options) {}

  // Lets it pass, or not.
  void Pass(uint32_t uid, const v1::InspectReport& report, bool passes = true) {
    ledger.Decide(uid, report, [passes](const History&) { return passes; }).Keep();
  }
  uint64_t Passed(uint32_t uid, const std::string& pattern, uint32_t within_minutes,
                  const v1::InspectReport& here = {}) {
    uint64_t count = 0;
    ledger.Decide(uid, here, [&](const History& history) {
      std::vector<const v1::Finding*> findings;
      for (const v1::Finding& finding : here.findings()) findings.push_back(&finding);
      count = history.PassedBesides(pattern, within_minutes, findings);
      return false;
    });
    return count;
  }

  Ledger ledger;
};

}  // namespace shoumi::agent
