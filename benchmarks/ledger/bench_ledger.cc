// A ledger that is full: memory for each value, time of a decision, of an eviction and of what the
// agent does every few seconds.

#include <malloc.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "agent/decide/decide.h"
#include "agent/ledger/ledger_folder.h"
#include "benchmarks/measure.h"
#include "common/clock.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"

namespace shoumi::benchmarks {
namespace {

using agent::Ledger;

constexpr uint32_t kUsers = 240;
constexpr uint32_t kDetectors = 4;

v1::Policy OverTime() {
  v1::Policy policy;
  policy.set_default_action(v1::ACTION_ALLOW);
  v1::Rule& rule = *policy.add_rules();
  rule.set_id("drip");
  rule.set_action(v1::ACTION_BLOCK);
  auto& condition = *rule.mutable_when()->mutable_detector();
  condition.set_detector("d.*");
  condition.set_min_distinct(rules::kDistinctWithinMax);
  condition.set_within_minutes(rules::kWithinMinutesMax);
  return policy;
}

v1::InspectReport Report(uint32_t detector, uint32_t values, std::mt19937_64& random) {
  std::vector<uint64_t> keys;
  for (uint32_t i = 0; i < values; ++i) keys.push_back(random());
  std::sort(keys.begin(), keys.end());
  v1::InspectReport report;
  v1::Finding& finding = *report.add_findings();
  finding.set_rule(fmt::format("d.{}", detector));
  finding.set_count(values);
  finding.set_distinct(values);
  finding.set_confidence(90);
  finding.mutable_value_keys()->Assign(keys.begin(), keys.end());
  return report;
}

double Milliseconds(const std::function<void()>& work) {
  return Seconds(work) * 1e3;
}

void Decide(Ledger& ledger, const v1::Policy& policy, uint32_t uid, const v1::InspectReport& report,
            bool passes) {
  auto claim = ledger.Decide(uid, report, [&](const agent::History& history) {
    agent::Decide(policy, {}, report, {}, history);
    return passes;
  });
  claim.Keep();
}

void Run(const std::string& folder) {
  const v1::Policy policy = OverTime();
  std::mt19937_64 random(1);
  const size_t before = mallinfo2().uordblks;
  Ledger ledger{agent::LedgerTime(Clock::Real())};
  ledger.KeyFor(policy);
  ledger.Watch(policy);
  for (uint32_t uid = 0; uid < kUsers; ++uid) {
    for (uint32_t detector = 0; detector < kDetectors; ++detector) {
      Decide(ledger, policy, uid, Report(detector, rules::kDistinctWithinMax, random), true);
    }
  }
  const uint64_t values = ledger.stats().values;
  fmt::print("values {}, memory of each {:.1f} bytes\n", values,
             static_cast<double>(mallinfo2().uordblks - before) / static_cast<double>(values));
  for (const uint32_t size : {8U, 1024U}) {
    constexpr int kRounds = 2000;
    const v1::InspectReport report = Report(0, size, random);
    const double alone = Seconds([&] {
      for (int i = 0; i < kRounds; ++i) agent::Decide(policy, {}, report, {});
    });
    const double with = Seconds([&] {
      for (int i = 0; i < kRounds; ++i) Decide(ledger, policy, kUsers / 2, report, false);
    });
    const double passing = Seconds([&] {
      for (int i = 0; i < kRounds; ++i) Decide(ledger, policy, kUsers / 2, report, true);
    });
    fmt::print(
        "event of {} values: decided alone {:.1f} us, with {} full series {:.1f} us, and "
        "counted {:.1f} us\n",
        size, alone * 1e6 / kRounds, kDetectors, with * 1e6 / kRounds, passing * 1e6 / kRounds);
  }
  agent::LedgerFolder store(folder, ledger);
  fmt::print("prune {:.1f} ms\n", Milliseconds([&] { ledger.Prune(); }));
  const double save = Milliseconds([&] {
    if (!store.Save().ok()) fmt::print("save FAILED\n");
  });
  fmt::print("save {:.1f} ms of processor, {} bytes on disk\n", save,
             std::filesystem::file_size(std::filesystem::path(folder) / "values"));
  for (uint32_t uid = kUsers; ledger.stats().evicted == 0; ++uid) {
    const v1::InspectReport report = Report(0, rules::kDistinctWithinMax, random);
    const double time = Milliseconds([&] { Decide(ledger, policy, uid, report, true); });
    if (ledger.stats().evicted == 0) continue;
    fmt::print("eviction of {} values {:.1f} ms\n", ledger.stats().evicted, time);
  }
}

}  // namespace
}  // namespace shoumi::benchmarks

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "bench_ledger-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  shoumi::benchmarks::Run(folder);
  std::filesystem::remove_all(folder);
  return 0;
}
