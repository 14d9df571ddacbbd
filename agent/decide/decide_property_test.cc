#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "agent/decide/decide.h"
#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

// Random policies and reports, valid or not: the decision must be total over all of them.
class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  uint32_t Below(uint32_t bound) { return random_() % bound; }
  std::string Detector() {
    static constexpr const char* kNames[] = {"cn.a", "cn.b", "intl.a", "business.a", "cn.*", "*"};
    return kNames[Below(6)];
  }
  v1::Expression Expression(int depth, bool negations) {
    v1::Expression expression;
    switch (Below(depth > 3 ? 2 : 6)) {
      case 0:
        expression.set_level_at_least(static_cast<v1::Level>(Below(6)));
        break;
      case 1:
      case 2: {
        auto& detector = *expression.mutable_detector();
        detector.set_detector(Detector());
        detector.set_min_count(Below(5));
        detector.set_min_distinct(Below(5));
        detector.set_min_confidence(Below(120));
        if (Below(3) == 0) detector.set_within_minutes(Below(100));
        break;
      }
      case 3:
        List(*expression.mutable_all(), depth, negations);
        break;
      case 4:
        List(*expression.mutable_any(), depth, negations);
        break;
      default:
        if (negations) {
          *expression.mutable_not_() = Expression(depth + 1, negations);
        } else {
          List(*expression.mutable_any(), depth, negations);
        }
    }
    return expression;
  }
  v1::Rule Rule(bool negations) {
    v1::Rule rule;
    rule.set_id("r" + std::to_string(Below(1000)));
    if (Below(5) != 0) *rule.mutable_when() = Expression(0, negations);
    rule.set_action(static_cast<v1::Action>(Below(7)));
    rule.set_severity(static_cast<v1::Severity>(Below(6)));
    auto& conditions = *rule.mutable_conditions();
    if (Below(3) == 0) conditions.add_channels(static_cast<v1::Channel>(Below(8)));
    if (Below(3) == 0) conditions.add_devices(Below(2) == 0 ? "*:*:*" : "::::[");
    if (Below(3) == 0) conditions.add_destinations(Below(2) == 0 ? "*" : "[\\");
    if (Below(3) == 0) {
      auto& window = *conditions.add_times();
      window.set_start_minute(Below(3000));
      window.set_end_minute(Below(3000));
      if (Below(2) == 0) window.add_weekdays(Below(10));
    }
    return rule;
  }
  v1::Policy Policy(bool negations) {
    v1::Policy policy;
    policy.set_default_action(static_cast<v1::Action>(Below(7)));
    for (uint32_t i = Below(6); i > 0; --i) *policy.add_rules() = Rule(negations);
    for (uint32_t i = Below(12); i > 0; --i) {
      auto& fallback = *policy.add_unscanned();
      fallback.set_reason(static_cast<v1::UnscannedReason>(Below(13)));
      fallback.set_action(static_cast<v1::Action>(Below(7)));
      fallback.set_severity(static_cast<v1::Severity>(Below(6)));
    }
    return policy;
  }
  void AddFinding(v1::InspectReport& report) {
    auto& finding = *report.add_findings();
    finding.set_rule(Detector());
    finding.set_count(1 + (Below(10) == 0 ? UINT32_MAX - 1 : Below(6)));
    finding.set_distinct(Below(6));
    finding.set_confidence(Below(101));
  }
  v1::InspectReport Report() {
    v1::InspectReport report;
    for (uint32_t i = Below(5); i > 0; --i) AddFinding(report);
    for (uint32_t i = Below(3); i > 0; --i) {
      report.add_unscanned()->set_reason(static_cast<v1::UnscannedReason>(Below(13)));
    }
    report.set_level(static_cast<v1::Level>(Below(6)));
    return report;
  }
  v1::EventContext Context() {
    v1::EventContext context;
    context.set_channel(static_cast<v1::Channel>(Below(7)));
    context.set_destination(Below(2) == 0 ? "a/b.docx" : "");
    return context;
  }
  LocalTime Time() { return {1 + Below(7), Below(1440)}; }

 private:
  void List(v1::ExpressionList& list, int depth, bool negations) {
    for (uint32_t i = Below(4); i > 0; --i) *list.add_items() = Expression(depth + 1, negations);
  }
  std::mt19937 random_;
};

// So many values of whatever is asked about.
class Passed final : public History {
 public:
  explicit Passed(uint64_t values) : values_(values) {}
  [[nodiscard]] uint64_t PassedBesides(std::string_view, uint32_t,
                                       const std::vector<const v1::Finding*>&) const override {
    return values_;
  }

 private:
  const uint64_t values_;
};

constexpr uint32_t kRounds = 3000;

TEST(DecideProperty, TotalDeterministicAndExplained) {
  for (uint32_t seed = 0; seed < kRounds; ++seed) {
    Generator make(seed);
    const v1::Policy policy = make.Policy(true);
    const v1::EventContext context = make.Context();
    const v1::InspectReport report = make.Report();
    const LocalTime now = make.Time();
    const v1::Verdict verdict = Decide(policy, context, report, now);
    EXPECT_FALSE(rules::Name(verdict.action()).empty()) << seed;
    EXPECT_NE(verdict.basis(), v1::VERDICT_BASIS_UNSPECIFIED);
    EXPECT_EQ(verdict.SerializeAsString(),
              Decide(policy, context, report, now).SerializeAsString());
    // The trace goes up to the rule that held and no further.
    for (int i = 0; i + 1 < verdict.trace_size(); ++i) EXPECT_FALSE(verdict.trace(i).held());
    for (const auto& trace : verdict.trace()) EXPECT_TRUE(!trace.why().empty() || trace.held());
    if (verdict.basis() == v1::VERDICT_BASIS_RULE) {
      EXPECT_EQ(verdict.trace(verdict.trace_size() - 1).rule(), verdict.rule());
      EXPECT_TRUE(verdict.trace(verdict.trace_size() - 1).held());
    } else if (verdict.basis() == v1::VERDICT_BASIS_DEFAULT) {
      EXPECT_EQ(verdict.trace_size(), policy.rules_size());
    }
  }
}

TEST(DecideProperty, MoreUnscannedNeverLowers) {
  for (uint32_t seed = 0; seed < kRounds; ++seed) {
    Generator make(seed);
    const v1::Policy policy = make.Policy(true);
    v1::InspectReport report = make.Report();
    const int before = Strictness(Decide(policy, {}, report, {}).action());
    report.add_unscanned()->set_reason(static_cast<v1::UnscannedReason>(make.Below(13)));
    EXPECT_GE(Strictness(Decide(policy, {}, report, {}).action()), before) << seed;
  }
}

// With rules from strict to lenient, the way policies are written, and no negation, more findings
// never lower the answer.
TEST(DecideProperty, MoreFindingsNeverLower) {
  for (uint32_t seed = 0; seed < kRounds; ++seed) {
    Generator make(seed);
    v1::Policy policy = make.Policy(false);
    policy.set_default_action(v1::ACTION_ALLOW);
    std::stable_sort(policy.mutable_rules()->begin(), policy.mutable_rules()->end(),
                     [](const v1::Rule& a, const v1::Rule& b) {
                       return Strictness(a.action()) > Strictness(b.action());
                     });
    v1::InspectReport report = make.Report();
    const int before = Strictness(Decide(policy, {}, report, {}).action());
    make.AddFinding(report);
    if (report.level() < v1::LEVEL_TOP_SECRET) {
      report.set_level(static_cast<v1::Level>(report.level() + 1));
    }
    EXPECT_GE(Strictness(Decide(policy, {}, report, {}).action()), before) << seed;
  }
}

TEST(DecideProperty, MoreThatPassedNeverLowers) {
  int raised = 0;
  for (uint32_t seed = 0; seed < kRounds; ++seed) {
    Generator make(seed);
    v1::Policy policy = make.Policy(false);
    policy.set_default_action(v1::ACTION_ALLOW);
    std::stable_sort(policy.mutable_rules()->begin(), policy.mutable_rules()->end(),
                     [](const v1::Rule& a, const v1::Rule& b) {
                       return Strictness(a.action()) > Strictness(b.action());
                     });
    const v1::InspectReport report = make.Report();
    int before = Strictness(Decide(policy, {}, report, {}).action());
    for (const uint64_t values : {uint64_t{0}, uint64_t{2}, UINT64_MAX / 2}) {
      const int after = Strictness(Decide(policy, {}, report, {}, Passed(values)).action());
      EXPECT_GE(after, before) << seed;
      raised += after > before ? 1 : 0;
      before = after;
    }
  }
  EXPECT_GT(raised, 0);
}

TEST(DecideProperty, OrderMatters) {
  int different = 0;
  for (uint32_t seed = 0; seed < kRounds; ++seed) {
    Generator make(seed);
    v1::Policy policy = make.Policy(true);
    const v1::EventContext context = make.Context();
    const v1::InspectReport report = make.Report();
    const v1::Verdict before = Decide(policy, context, report, {});
    v1::Rule first;
    first.set_id("first");
    first.set_action(v1::ACTION_BLOCK);
    policy.add_rules()->CopyFrom(first);
    // At the end it only replaces the default, in front it always decides.
    const v1::Verdict last = Decide(policy, context, report, {});
    if (before.basis() == v1::VERDICT_BASIS_RULE) {
      EXPECT_EQ(last.rule(), before.rule());
    }
    std::rotate(policy.mutable_rules()->rbegin(), policy.mutable_rules()->rbegin() + 1,
                policy.mutable_rules()->rend());
    const v1::Verdict front = Decide(policy, context, report, {});
    EXPECT_EQ(front.rule(), "first");
    EXPECT_EQ(front.action(), v1::ACTION_BLOCK);
    different += front.rule() != last.rule() ? 1 : 0;
  }
  EXPECT_GT(different, 0);
}

}  // namespace
}  // namespace shoumi::agent
