#include "agent/decide/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <tuple>
#include <utility>

#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

const std::vector<std::string> kDetectors = {
    "cn.resident_id",   "cn.uscc",      "cn.org_code",    "cn.mobile",  "cn.landline",
    "cn.plate",         "cn.bank_card", "cn.passport",    "intl.email", "intl.iban",
    "cn.travel_permit", "intl.card",    "business.tender"};

v1::Policy Starter() {
  std::ifstream in(SHOUMI_SOURCE_DIR "/rules/policies/starter.yaml");
  std::stringstream text;
  text << in.rdbuf();
  const auto result = rules::LoadPolicy("starter.yaml", text.str(), kDetectors);
  EXPECT_TRUE(result.ok);
  return result.policy;
}

v1::Policy Load(const std::string& rules) {
  const auto result = rules::LoadPolicy("p",
                                        "name: t\nrules:\n" + rules +
                                            "unscanned: {default: block, unsupported: report}\n"
                                            "default_action: allow\nusb: {mode: inspect}\n",
                                        kDetectors);
  EXPECT_TRUE(result.ok) << (result.problems.empty() ? ""
                                                     : rules::FormatProblem(result.problems[0]));
  return result.policy;
}

void Add(v1::InspectReport& report, const std::string& rule, uint32_t distinct,
         uint32_t confidence = 90) {
  v1::Finding& finding = *report.add_findings();
  finding.set_rule(rule);
  finding.set_count(distinct);
  finding.set_distinct(distinct);
  finding.set_confidence(confidence);
}

TEST(Decide, StarterBlocksMarkedAndLists) {
  const v1::Policy policy = Starter();
  v1::InspectReport report;
  EXPECT_EQ(Decide(policy, {}, report, {}).action(), v1::ACTION_ALLOW);

  report.set_level(v1::LEVEL_SECRET);
  v1::Finding& marking = *report.add_findings();
  marking.set_rule("marking.classification");
  marking.set_count(1);
  marking.set_level(v1::LEVEL_SECRET);
  const v1::Verdict marked = Decide(policy, {}, report, {});
  EXPECT_EQ(marked.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(marked.rule(), "marked-classified");
  EXPECT_EQ(marked.findings(0), "marking.classification");
  EXPECT_TRUE(marked.enforced());
  ASSERT_EQ(marked.trace_size(), 2);
  EXPECT_EQ(marked.trace(0).why(), "level secret, needs top_secret");
  EXPECT_TRUE(marked.trace(1).held());

  report.Clear();
  report.set_declassified(true);
  EXPECT_EQ(Decide(policy, {}, report, {}).action(), v1::ACTION_ALLOW);

  Add(report, "cn.resident_id", 9);
  EXPECT_EQ(Decide(policy, {}, report, {}).rule(), "some-client-data");
  EXPECT_EQ(Decide(policy, {}, report, {}).action(), v1::ACTION_REPORT);
  Add(report, "cn.mobile", 3);
  EXPECT_EQ(Decide(policy, {}, report, {}).rule(), "client-list-combined");
  report.mutable_findings(0)->set_distinct(10);
  EXPECT_EQ(Decide(policy, {}, report, {}).rule(), "client-list-ids");
}

TEST(Decide, UnscannedRaisesAndNeverLowers) {
  const v1::Policy policy = Starter();
  v1::InspectReport report;
  report.add_unscanned()->set_reason(v1::UNSCANNED_REASON_UNSUPPORTED);
  v1::Verdict verdict = Decide(policy, {}, report, {});
  EXPECT_EQ(verdict.action(), v1::ACTION_REPORT);
  EXPECT_EQ(verdict.basis(), v1::VERDICT_BASIS_UNSCANNED);
  EXPECT_EQ(verdict.rule(), "unsupported");

  report.add_unscanned()->set_reason(v1::UNSCANNED_REASON_ENCRYPTED);
  verdict = Decide(policy, {}, report, {});
  EXPECT_EQ(verdict.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(verdict.rule(), "encrypted");
  EXPECT_FALSE(verdict.title_zh().empty());

  Add(report, "cn.resident_id", 20);
  verdict = Decide(policy, {}, report, {});
  EXPECT_EQ(verdict.basis(), v1::VERDICT_BASIS_RULE);
  EXPECT_EQ(verdict.rule(), "client-list-ids");
}

TEST(Decide, TraceNamesTheFirstThingThatFailed) {
  const v1::Policy policy = Load(
      "  - {id: a, title: {zh: 甲, en: A}, action: block, severity: high,\n"
      "     when: {all: [{detector: cn.mobile, min_distinct: 50}, {detector: cn.uscc}]}}\n"
      "  - {id: b, title: {zh: 乙, en: B}, action: block, severity: high,\n"
      "     when: {detector: cn.mobile, min_confidence: 95}}\n"
      "  - {id: c, title: {zh: 丙, en: C}, action: block, severity: high,\n"
      "     when: always, conditions: {channels: [mail]}}\n"
      "  - {id: d, title: {zh: 丁, en: D}, action: report, severity: high,\n"
      "     when: {not: {detector: cn.uscc}}}\n");
  v1::InspectReport report;
  Add(report, "cn.mobile", 4);
  v1::EventContext context;
  context.set_channel(v1::CHANNEL_USB);
  const v1::Verdict verdict = Decide(policy, context, report, {});
  ASSERT_EQ(verdict.trace_size(), 4);
  EXPECT_EQ(verdict.trace(0).why(), "cn.mobile: 4 distinct, needs 50");
  EXPECT_EQ(verdict.trace(1).why(), "cn.mobile: confidence 90, needs 95");
  EXPECT_EQ(verdict.trace(2).why(), "channel usb is not among the rule's");
  EXPECT_EQ(verdict.trace(3).why(), "not (cn.uscc: none found)");
  EXPECT_EQ(verdict.rule(), "d");
  EXPECT_EQ(verdict.findings_size(), 0);
}

TEST(Decide, PrefixAddsUpOverItsDetectors) {
  const v1::Policy policy = Load(
      "  - {id: a, title: {zh: 甲, en: A}, action: block, severity: high,\n"
      "     when: {detector: cn.*, min_count: 6, min_distinct: 6}}\n");
  v1::InspectReport report;
  Add(report, "cn.mobile", 3);
  Add(report, "intl.email", 9);
  EXPECT_EQ(Decide(policy, {}, report, {}).action(), v1::ACTION_ALLOW);
  Add(report, "cn.uscc", 3);
  const v1::Verdict verdict = Decide(policy, {}, report, {});
  EXPECT_EQ(verdict.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(verdict.findings_size(), 2);
}

// What passed before, by the pattern and the time that are asked about.
class Asked final : public History {
 public:
  explicit Asked(uint64_t passed) : passed_(passed) {}
  [[nodiscard]] uint64_t PassedBesides(std::string_view pattern, uint32_t within_minutes,
                                       const std::vector<const v1::Finding*>& here) const override {
    asked.emplace_back(pattern, within_minutes, here.size());
    return passed_;
  }
  mutable std::vector<std::tuple<std::string, uint32_t, size_t>> asked;

 private:
  const uint64_t passed_;
};

TEST(Decide, DistinctValuesAddUpOverTime) {
  const v1::Policy policy = Load(
      "  - {id: a, title: {zh: 甲, en: A}, action: block, severity: high,\n"
      "     when: {detector: cn.*, min_distinct: 50, min_confidence: 50, within: 8h}}\n");
  v1::InspectReport report;
  Add(report, "cn.mobile", 4);
  Add(report, "cn.uscc", 8);
  Add(report, "cn.plate", 100, 40);
  Add(report, "intl.email", 100);
  for (v1::Finding& finding : *report.mutable_findings()) {
    for (uint32_t i = 0; i < finding.distinct(); ++i) finding.add_value_keys(i);
  }
  const Asked few(37);
  const v1::Verdict passes = Decide(policy, {}, report, {}, few);
  EXPECT_EQ(passes.action(), v1::ACTION_ALLOW);
  EXPECT_EQ(passes.trace(0).why(), "cn.*: 12 distinct here, 49 within 8h, needs 50");
  ASSERT_EQ(few.asked.size(), 1u);
  EXPECT_EQ(few.asked[0], std::tuple("cn.*", 480u, 2u));

  const v1::Verdict blocked = Decide(policy, {}, report, {}, Asked(38));
  EXPECT_EQ(blocked.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(blocked.trace(0).why(), "cn.*: 12 found, 12 distinct here, 50 within 8h");
  EXPECT_EQ(blocked.findings_size(), 2);
  EXPECT_EQ(Decide(policy, {}, report, {}).action(), v1::ACTION_ALLOW);
}

TEST(Decide, WhatPassedBeforeIsNoReasonToStopWhatHasNothing) {
  const v1::Policy policy = Load(
      "  - {id: a, title: {zh: 甲, en: A}, action: block, severity: high,\n"
      "     when: {detector: cn.mobile, min_distinct: 5, min_count: 3, within: 90m}}\n");
  v1::InspectReport report;
  EXPECT_EQ(Decide(policy, {}, report, {}, Asked(1000)).action(), v1::ACTION_ALLOW);
  Add(report, "cn.uscc", 20);
  EXPECT_EQ(Decide(policy, {}, report, {}, Asked(1000)).action(), v1::ACTION_ALLOW);
  // How many stand in it counts in this event alone.
  Add(report, "cn.mobile", 2);
  EXPECT_EQ(Decide(policy, {}, report, {}, Asked(1000)).trace(0).why(),
            "cn.mobile: 2 found, needs 3");
}

TEST(Decide, ValuesBeyondTheBoundCountAndTheTraceSaysSo) {
  const v1::Policy policy = Load(
      "  - {id: a, title: {zh: 甲, en: A}, action: block, severity: high,\n"
      "     when: {detector: cn.mobile, min_distinct: 20, within: 7d}}\n");
  v1::InspectReport report;
  Add(report, "cn.mobile", 12);
  for (uint32_t i = 0; i < 5; ++i) report.mutable_findings(0)->add_value_keys(i);
  EXPECT_EQ(Decide(policy, {}, report, {}, Asked(3)).trace(0).why(),
            "cn.mobile: 12 distinct here (5 of them can be remembered), 15 within 7d, needs 20");
  EXPECT_EQ(Decide(policy, {}, report, {}, Asked(8)).action(), v1::ACTION_BLOCK);
}

struct Case {
  std::string conditions;
  bool holds;
};

TEST(Decide, EveryKindOfCondition) {
  v1::EventContext context;
  context.set_channel(v1::CHANNEL_USB);
  context.set_destination("reports/a.zip");
  context.mutable_program()->set_app("wechat");
  context.mutable_program()->add_app_classes("messenger");
  context.mutable_source()->set_app("wps");
  context.mutable_source()->add_app_classes("office");
  context.mutable_user()->set_name("li");
  context.mutable_user()->add_groups("sales");
  context.mutable_device()->set_vendor_id("0951");
  context.mutable_device()->set_product_id("1666");
  context.mutable_device()->set_serial("AB:1");
  const std::vector<Case> cases = {
      {"channels: [mail, usb]", true},
      {"channels: [mail]", false},
      {"devices: [\"0951:*:AB:1\"]", true},
      {"devices: [\"*:*:*\"]", true},
      {"devices: [\"0951:1666:AB\"]", false},
      {"destinations: [\"*.zip\"]", true},
      {"destinations: [\"*.docx\", \"reports/?.zip\"]", true},
      {"destinations: [\"*.docx\"]", false},
      {"programs: [qq, wechat]", true},
      {"programs: [qq]", false},
      {"programs: [\"class:mail\", \"class:messenger\"]", true},
      {"programs: [\"class:mail\"]", false},
      {"programs: [messenger]", false},
      {"sources: [\"class:office\"]", true},
      {"sources: [wechat]", false},
      {"users: [wang, li]", true},
      {"users: [wang]", false},
      {"groups: [sales]", true},
      {"groups: [it]", false},
      // Tuesday, 02:00.
      {"times: [{from: \"01:00\", to: \"02:00\"}]", false},
      {"times: [{from: \"02:00\", to: \"02:01\"}]", true},
      {"times: [{days: [tue], from: \"22:00\", to: \"06:00\"}]", false},
      {"times: [{days: [mon], from: \"22:00\", to: \"06:00\"}]", true},
      {"users: [li], groups: [it]", false},
  };
  for (const Case& test : cases) {
    const v1::Policy policy = Load(
        "  - {id: a, title: {zh: 甲, en: A}, action: block, severity: high, when: always,\n"
        "     conditions: {" +
        test.conditions + "}}\n");
    EXPECT_EQ(Decide(policy, context, {}, {2, 120}).action() == v1::ACTION_BLOCK, test.holds)
        << test.conditions;
  }
}

// Wayland does not say which program pastes.
TEST(Decide, AnUnknownProgramOfTheClipboardMayBeAny) {
  for (const char* condition : {"programs: [\"class:messenger\"]", "sources: [wechat]"}) {
    v1::Policy policy = Load(
        std::string(
            "  - {id: a, title: {zh: 甲, en: A}, action: block, severity: high, when: always,\n"
            "     conditions: {") +
        condition + "}}\n");
    v1::EventContext context;
    context.set_channel(v1::CHANNEL_CLIPBOARD);
    EXPECT_EQ(Decide(policy, context, {}, {2, 120}).action(), v1::ACTION_BLOCK);
    policy.mutable_clipboard()->set_unknown_is_none(true);
    EXPECT_EQ(Decide(policy, context, {}, {2, 120}).action(), v1::ACTION_ALLOW);
    policy.mutable_clipboard()->set_unknown_is_none(false);
    context.mutable_program()->set_pid(7);  // ended before anybody looked
    EXPECT_EQ(Decide(policy, context, {}, {2, 120}).action(), v1::ACTION_BLOCK);
    // One that is known, and is no app of the catalogue, is not among the rule's.
    context.mutable_program()->set_executable("/usr/bin/gedit");
    context.mutable_source()->set_executable("/usr/bin/gedit");
    EXPECT_EQ(Decide(policy, context, {}, {2, 120}).action(), v1::ACTION_ALLOW);
    context.Clear();
    context.set_channel(v1::CHANNEL_USB);
    EXPECT_EQ(Decide(policy, context, {}, {2, 120}).action(), v1::ACTION_ALLOW);
  }
}

TEST(Decide, WindowOverMidnightReachesMonday) {
  const v1::Policy policy = Load(
      "  - {id: a, title: {zh: 甲, en: A}, action: block, severity: high, when: always,\n"
      "     conditions: {times: [{days: [sun], from: \"23:00\", to: \"01:00\"}]}}\n");
  EXPECT_EQ(Decide(policy, {}, {}, {1, 30}).action(), v1::ACTION_BLOCK);
  EXPECT_EQ(Decide(policy, {}, {}, {7, 30}).action(), v1::ACTION_ALLOW);
  EXPECT_EQ(Decide(policy, {}, {}, {7, 1439}).action(), v1::ACTION_BLOCK);
}

TEST(Decide, WhatIsNotSpecifiedBlocks) {
  EXPECT_EQ(Decide({}, {}, {}, {}).action(), v1::ACTION_BLOCK);
  v1::Policy policy;
  policy.set_default_action(v1::ACTION_ALLOW);
  v1::InspectReport report;
  report.add_unscanned()->set_reason(static_cast<v1::UnscannedReason>(99));
  const v1::Verdict verdict = Decide(policy, {}, report, {});
  EXPECT_EQ(verdict.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(verdict.rule(), "unknown");
}

}  // namespace
}  // namespace shoumi::agent
