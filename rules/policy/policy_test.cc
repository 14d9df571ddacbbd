#include "rules/policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "rules/policy/problems.h"

namespace shoumi::rules {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kDetectors = {"cn.resident_id",   "cn.uscc",
                                             "cn.org_code",      "cn.mobile",
                                             "cn.landline",      "cn.plate",
                                             "cn.bank_card",     "cn.passport",
                                             "intl.email",       "intl.iban",
                                             "cn.travel_permit", "intl.card",
                                             "business.tender",  "marking.classification"};

std::string Whole(const std::string& rules, const std::string& unscanned = "default: block") {
  return "name: test\nrules:\n" + rules + "unscanned:\n  " + unscanned +
         "\ndefault_action: allow\nusb: {mode: inspect}\n";
}
std::string RuleWhen(const std::string& when) {
  return "  - {id: a, title: {zh: 甲, en: A}, action: block, severity: high,\n     when: " + when +
         "}\n";
}

// "code@line" of every problem.
std::vector<std::string> Codes(const PolicyResult& result) {
  std::vector<std::string> codes;
  for (const auto& problem : result.problems) {
    codes.push_back(problem.code() + "@" + std::to_string(problem.line()));
  }
  return codes;
}
std::string Messages(const PolicyResult& result) {
  std::string all;
  for (const auto& problem : result.problems) all += FormatProblem(problem) + "\n";
  return all;
}

TEST(LoadPolicy, StarterIsWithoutAnyProblem) {
  std::ifstream in(SHOUMI_SOURCE_DIR "/rules/policies/starter.yaml");
  std::stringstream text;
  text << in.rdbuf();
  const PolicyResult result = LoadPolicy("starter.yaml", text.str(), kDetectors);
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(Messages(result), "");
  EXPECT_EQ(result.policy.unscanned_size(), 10);
  EXPECT_EQ(result.policy.usb().mode(), v1::USB_MODE_INSPECT);
  EXPECT_EQ(result.policy.spool_bytes_max(), 64u << 20);
  EXPECT_TRUE(CheckPolicy(result.policy, kDetectors).empty());
}

TEST(LoadPolicy, ReadsEverything) {
  const PolicyResult result = LoadPolicy("p", R"(
name: all
rules:
  - id: a
    title: {zh: 甲, en: A}
    when:
      all:
        - {detector: cn.*, min_count: 2, min_distinct: 3, min_confidence: 50, within: 8h}
        - any: [{not: {detector: intl.card}}, {level_at_least: secret}]
    conditions:
      channels: [usb, mail]
      devices: ["0951:1666:*", "*:*:ABC:1"]
      destinations: ["*.zip"]
      programs: [wechat, "class:mail"]
      sources: ["class:office"]
      users: [li]
      groups: [sales]
      times: [{days: [mon, fri], from: "22:00", to: "06:30"}, {from: "00:00", to: "24:00"}]
    action: warn
    severity: critical
  - {id: b, title: {zh: 乙, en: B}, when: always, action: report, severity: low}
unscanned:
  default: {action: report, severity: low}
  encrypted: block
default_action: report
usb:
  mode: read_only
  devices: [{vendor: 0951, product: "1666", serial: X, mode: allow, note: ours}]
  unmounted: open
  verdict_ms_max: 500
attachments: {mode: report_only, classes: [messenger, mail]}
clipboard: {mode: inspect, verdict_ms_max: 700, warn_s: 30, unknown_programs: none}
spool_bytes_max: 2MiB
)",
                                         kDetectors);
  ASSERT_TRUE(result.ok) << Messages(result);
  EXPECT_EQ(result.policy.attachments().mode(), v1::CHANNEL_MODE_REPORT_ONLY);
  EXPECT_EQ(result.policy.attachments().classes(1), "mail");
  EXPECT_EQ(result.policy.attachments().verdict_ms_max(), kVerdictMsDefault);
  EXPECT_EQ(result.policy.clipboard().mode(), v1::CHANNEL_MODE_INSPECT);
  EXPECT_EQ(result.policy.clipboard().verdict_ms_max(), 700u);
  EXPECT_EQ(result.policy.clipboard().warn_s(), 30u);
  EXPECT_TRUE(result.policy.clipboard().unknown_is_none());
  const v1::Rule& rule = result.policy.rules(0);
  EXPECT_EQ(rule.conditions().programs(1), "class:mail");
  EXPECT_EQ(rule.conditions().sources(0), "class:office");
  const auto& first = rule.when().all().items(0).detector();
  EXPECT_EQ(first.detector(), "cn.*");
  EXPECT_EQ(first.min_count(), 2u);
  EXPECT_EQ(first.min_distinct(), 3u);
  EXPECT_EQ(first.min_confidence(), 50u);
  EXPECT_EQ(first.within_minutes(), 8u * 60);
  const auto& any = rule.when().all().items(1).any();
  EXPECT_EQ(any.items(0).not_().detector().detector(), "intl.card");
  EXPECT_EQ(any.items(1).level_at_least(), v1::LEVEL_SECRET);
  EXPECT_EQ(rule.conditions().channels_size(), 2);
  EXPECT_EQ(rule.conditions().times(0).start_minute(), 22u * 60);
  EXPECT_EQ(rule.conditions().times(0).end_minute(), 6u * 60 + 30);
  EXPECT_EQ(rule.conditions().times(1).end_minute(), 1440u);
  EXPECT_EQ(rule.action(), v1::ACTION_WARN);
  EXPECT_FALSE(result.policy.rules(1).has_when());
  for (const auto& fallback : result.policy.unscanned()) {
    EXPECT_EQ(fallback.action(), fallback.reason() == v1::UNSCANNED_REASON_ENCRYPTED
                                     ? v1::ACTION_BLOCK
                                     : v1::ACTION_REPORT);
  }
  EXPECT_EQ(result.policy.usb().devices(0).vendor_id(), "0951");
  EXPECT_EQ(result.policy.usb().devices(0).mode(), v1::USB_MODE_ALLOW);
  EXPECT_EQ(result.policy.usb().verdict_ms_max(), 500u);
  EXPECT_TRUE(result.policy.usb().unmounted_open());
  EXPECT_EQ(result.policy.spool_bytes_max(), 2u << 20);
}

struct Bad {
  std::string yaml;
  std::vector<std::string> codes;
  std::string message;
};

TEST(LoadPolicy, EveryProblemHasCodeLineAndText) {
  const std::string good = RuleWhen("always");
  const std::vector<Bad> cases = {
      {"name: [", {"Y100@1"}, "not YAML"},
      {"a: 1\n---\nb: 2\n", {"Y101@1"}, "one YAML document"},
      {"- a\n", {"Y104@1"}, "needs a map"},
      {Whole(good) + "colour: red\n", {"Y102@9"}, "unknown key 'colour'"},
      {Whole(good) + "spool_byte_max: 3\n", {"Y102@9"}, "did you mean 'spool_bytes_max'?"},
      {Whole(good) + "name: again\n", {"Y105@9"}, "given twice"},
      {Whole(RuleWhen("{detector: cn.residentid}")), {"Y112@4"}, "did you mean 'cn.resident_id'?"},
      {Whole(RuleWhen("{detector: nothing.*}")), {"Y112@4"}, "no pack defines"},
      {Whole(RuleWhen("{}")), {"Y113@4"}, "empty"},
      {Whole(RuleWhen("{all: []}")), {"Y113@4"}, "empty list"},
      {Whole(RuleWhen("{level_at_least: none}")), {"Y118@4"}, "at least 'none'"},
      {Whole(RuleWhen("{level_at_least: sekret}")), {"Y106@4"}, "did you mean 'secret'?"},
      {Whole(RuleWhen("{detector: cn.uscc, not: {detector: cn.uscc}}")), {"Y113@4"}, "only one"},
      {Whole(RuleWhen("{min_count: 3}")), {"Y103@4"}, "need a 'detector'"},
      {Whole(RuleWhen("{detector: cn.uscc, min_confidence: 101}")), {"Y107@4"}, "0 to 100"},
      {Whole(RuleWhen("{detector: cn.uscc, min_count: -1}")), {"Y104@4"}, "whole number"},
      {Whole(RuleWhen("{within: 8h}")), {"Y103@4"}, "need a 'detector'"},
      {Whole(RuleWhen("{detector: cn.uscc, within: 8h}")), {"Y119@4"}, "with min_distinct"},
      {Whole(RuleWhen("{detector: cn.uscc, min_count: 5, within: 8h}")),
       {"Y119@4"},
       "min_distinct"},
      {Whole(RuleWhen("{detector: cn.uscc, min_distinct: 5, within: 0m}")),
       {"Y107@4"},
       "1m to 31d"},
      {Whole(RuleWhen("{detector: cn.uscc, min_distinct: 5, within: 32d}")),
       {"Y107@4"},
       "'32d' is outside 1m to 31d"},
      {Whole(RuleWhen("{detector: cn.uscc, min_distinct: 5, within: 99999999999999999999m}")),
       {"Y107@4"},
       "outside 1m to 31d"},
      {Whole(RuleWhen("{detector: cn.uscc, min_distinct: 5, within: 8}")), {"Y104@4"}, "30m, 8h"},
      {Whole(RuleWhen("{detector: cn.uscc, min_distinct: 5, within: 8 h}")), {"Y104@4"}, "30m, 8h"},
      {Whole(RuleWhen("{detector: cn.uscc, min_distinct: 5, within: -8h}")), {"Y104@4"}, "30m, 8h"},
      {Whole(RuleWhen("{detector: cn.uscc, min_distinct: 1025, within: 8h}")),
       {"Y107@4"},
       "1025 is more than 1024"},
      {Whole(RuleWhen("sometimes")), {"Y113@4"}, "'always'"},
      {Whole("  - {id: a, title: {zh: 甲}, when: always, action: block, severity: high}\n"),
       {"Y117@3"},
       "both languages"},
      {Whole(
           "  - {id: A b, title: {zh: 甲, en: A}, when: always, action: block, severity: high}\n"),
       {"Y110@3"},
       "rule id"},
      {Whole("  - {id: a, title: {zh: 甲, en: A}, when: always, action: blok, severity: high}\n"),
       {"Y106@3"},
       "did you mean 'block'?"},
      {Whole("  - {id: a, title: {zh: 甲, en: A}, when: always, severity: high}\n"),
       {"Y103@3"},
       "rules[0].action: missing"},
      {Whole("  - {id: a, title: {zh: 甲, en: A}, action: block, severity: high}\n"),
       {"Y103@3"},
       "rules[0].when: missing"},
      {Whole(good + RuleWhen("{detector: cn.uscc}")), {"Y111@5"}, "also that of rules[0]"},
      {Whole(good, "encrypted: block"), std::vector<std::string>(9, "Y130@5"),
       "no action for 'corrupt'"},
      {Whole(good, "default: blok"), {"Y106@6"}, "did you mean 'block'?"},
      {Whole(good, "default: block\n  encripted: block"), {"Y102@7"}, "'encrypted'?"},
  };
  for (const Bad& bad : cases) {
    const PolicyResult result = LoadPolicy("p.yaml", bad.yaml, kDetectors);
    EXPECT_FALSE(result.ok) << bad.yaml;
    EXPECT_THAT(Messages(result), HasSubstr(bad.message)) << bad.yaml;
    if (bad.codes[0] == "Y104@1") {
      EXPECT_EQ(Codes(result)[0], "Y104@1");
    } else {
      EXPECT_EQ(Codes(result), bad.codes) << bad.yaml << Messages(result);
    }
    for (const auto& problem : result.problems) EXPECT_EQ(problem.file(), "p.yaml");
  }
}

TEST(LoadPolicy, WhatTheWholeFileLacksHasALine) {
  const PolicyResult result = LoadPolicy("p.yaml", "# a comment\nrulez: []\n", kDetectors);
  EXPECT_THAT(Messages(result), HasSubstr("p.yaml:2: error Y103: rules: missing"));
  for (const auto& problem : result.problems) EXPECT_EQ(problem.line(), 2U) << problem.message();
}

TEST(LoadPolicy, BadChannels) {
  const auto with = [](const std::string& text) { return Whole(RuleWhen("always")) + text; };
  const std::vector<Bad> cases = {
      {with("attachments: {mode: block, classes: [mail]}\n"), {"Y106"}, "'block' is none of off"},
      {with("attachments: {mode: inspect}\n"), {"Y103"}, "classes"},
      {with("attachments: {mode: inspect, classes: []}\n"), {"Y103"}, "nothing would be watched"},
      {with("attachments: {mode: inspect, classes: [Mail]}\n"), {"Y124"}, "a class is made of"},
      {with("attachments: {mode: inspect, classes: [mail], verdict_ms_max: 1}\n"),
       {"Y107"},
       "outside 100 to"},
      {with("clipboard: {mode: inspect, warn_s: 1}\n"), {"Y107"}, "outside 5 to 3600 s"},
      {with("clipboard: {mode: inspect, unknown_programs: all}\n"),
       {"Y106"},
       "'all' is none of any"},
      {with("clipboard: {warn_s: 60}\n"), {"Y103"}, "mode"}};
  for (const Bad& bad : cases) {
    const PolicyResult result = LoadPolicy("p", bad.yaml, kDetectors);
    EXPECT_FALSE(result.ok) << bad.yaml;
    EXPECT_THAT(Messages(result), HasSubstr(bad.codes[0])) << bad.yaml;
    EXPECT_THAT(Messages(result), HasSubstr(bad.message)) << bad.yaml;
  }
}

TEST(LoadPolicy, BadConditionsAndDevices) {
  const auto with = [](const std::string& conditions) {
    return Whole(
        "  - {id: a, title: {zh: 甲, en: A}, when: always, action: block, severity: high,\n"
        "     conditions: {" +
        conditions + "}}\n");
  };
  const std::vector<Bad> cases = {
      {with("channels: [usb, fax]"), {"Y106@4"}, "'fax' is none of usb"},
      {with("devices: [\"951:1666:*\"]"), {"Y120@4"}, "hex digits"},
      {with("devices: [\"0951:1666\"]"), {"Y120@4"}, "VENDOR:PRODUCT:SERIAL"},
      {with("destinations: [\"\"]"), {"Y121@4"}, "empty pattern"},
      {with("destinations: [\"[abc\"]"), {"Y121@4"}, "'['"},
      {with("destinations: [\"*a*b*c*d*e*f*g*h*i\"]"), {"Y121@4"}, "more than 8"},
      {with("programs: [WeChat]"), {"Y124@4"}, "'WeChat' is no app's id"},
      {with("sources: [\"class:\"]"), {"Y124@4"}, "no \"class:NAME\""},
      {with("times: [{from: \"25:00\", to: \"08:00\"}]"), {"Y122@4"}, "not a time"},
      {with("times: [{from: \"08:00\", to: \"08:00\"}]"), {"Y122@4"}, "empty"},
      {with("times: [{days: [monday], from: \"08:00\", to: \"09:00\"}]"), {"Y106@4"}, "'monday'"},
      {Whole(RuleWhen("always")) + "spool_bytes_max: 1KiB\n", {"Y107@9"}, "outside"},
      {Whole(RuleWhen("always")) + "spool_bytes_max: much\n", {"Y104@9"}, "such as 64MiB"},
      {Whole(RuleWhen("always")) + "spool_bytes_max: 99999999999999999GiB\n", {"Y107@9"}, "large"},
  };
  for (const Bad& bad : cases) {
    const PolicyResult result = LoadPolicy("p", bad.yaml, kDetectors);
    EXPECT_FALSE(result.ok) << bad.yaml;
    EXPECT_THAT(Messages(result), HasSubstr(bad.message)) << bad.yaml;
    EXPECT_EQ(Codes(result), bad.codes) << bad.yaml << Messages(result);
  }
  const PolicyResult usb =
      LoadPolicy("p",
                 "name: t\nrules: []\nunscanned: {default: block}\ndefault_action: allow\nusb:\n"
                 "  mode: inspect\n  verdict_ms_max: 5\n  devices:\n"
                 "    - {vendor: zzzz, product: \"*\", serial: \"*\", mode: allow}\n",
                 kDetectors);
  EXPECT_EQ(Codes(usb), (std::vector<std::string>{"Y107@7", "Y120@9"})) << Messages(usb);
}

TEST(LoadPolicy, WarningsDoNotRefuse) {
  const PolicyResult result = LoadPolicy(
      "p",
      "name: t\nrules:\n"
      "  - {id: a, title: {zh: 甲, en: A}, when: always, action: report, severity: low}\n"
      "  - {id: b, title: {zh: 乙, en: B}, when: {detector: cn.uscc}, action: block, severity: "
      "high}\n"
      "unscanned: {default: block}\ndefault_action: allow\nusb:\n  mode: inspect\n  devices:\n"
      "    - {vendor: \"*\", product: \"*\", serial: \"*\", mode: allow}\n"
      "    - {vendor: \"0951\", product: \"*\", serial: \"*\", mode: deny}\n",
      kDetectors);
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(Codes(result), (std::vector<std::string>{"Y115@4", "Y140@11"})) << Messages(result);
  const PolicyResult twice = LoadPolicy(
      "p",
      Whole(
          "  - {id: a, title: {zh: 甲, en: A}, when: {detector: cn.uscc}, action: block, "
          "severity: low}\n  - {id: b, title: {zh: 乙, en: B}, when: {detector: cn.uscc}, action: "
          "report, severity: low}\n"),
      kDetectors);
  EXPECT_TRUE(twice.ok);
  EXPECT_THAT(Messages(twice), HasSubstr("holds for the same events"));
}

TEST(LoadPolicy, HoldsItsBounds) {
  EXPECT_EQ(Codes(LoadPolicy("p", std::string(kPolicyYamlBytesMax + 1, '#'), kDetectors)),
            std::vector<std::string>{"Y101@1"});
  std::string deep;
  for (size_t i = 0; i < kExpressionDepthMax; ++i) deep += "{not: ";
  deep += "{detector: cn.uscc}" + std::string(kExpressionDepthMax, '}');
  EXPECT_THAT(Messages(LoadPolicy("p", Whole(RuleWhen(deep)), kDetectors)), HasSubstr("Y114"));
  // Aliases that would unfold to 10^9 conditions.
  std::string bomb = "x: &a0 {detector: cn.uscc}\n";
  for (int i = 1; i < 10; ++i) {
    bomb += "x" + std::to_string(i) + ": &a" + std::to_string(i) + " {any: [";
    for (int j = 0; j < 10; ++j) bomb += "*a" + std::to_string(i - 1) + ",";
    bomb += "]}\n";
  }
  EXPECT_FALSE(LoadPolicy("p", bomb + Whole(RuleWhen("*a9")), kDetectors).ok);
  // A great many problems end in a count.
  std::string many;
  for (size_t i = 0; i < kPolicyRulesMax; ++i) many += "  - {}\n";
  const PolicyResult result = LoadPolicy("p", Whole(many), kDetectors);
  EXPECT_EQ(result.problems.size(), Problems::kProblemsMax + 1);
  EXPECT_EQ(result.problems.back().code(), "Y199");
}

// Whatever is done to the text, loading ends with a policy or with problems.
TEST(LoadPolicy, NeverThrowsOnDamagedText) {
  std::ifstream in(SHOUMI_SOURCE_DIR "/rules/policies/starter.yaml");
  std::stringstream text;
  text << in.rdbuf();
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    std::string yaml = text.str();
    const int edits = 1 + static_cast<int>(random() % 4);
    for (int i = 0; i < edits; ++i) {
      const size_t at = random() % yaml.size();
      switch (random() % 3) {
        case 0:
          yaml[at] = static_cast<char>(random());
          break;
        case 1:
          yaml.erase(at, random() % 40);
          break;
        default:
          yaml.insert(at, yaml.substr(random() % yaml.size(), random() % 40));
      }
      if (yaml.empty()) yaml = " ";
    }
    const PolicyResult result = LoadPolicy("p", yaml, kDetectors);
    EXPECT_EQ(result.ok, !HasError(result.problems));
    if (result.ok) {
      EXPECT_FALSE(HasError(CheckPolicy(result.policy, kDetectors)));
    }
  }
}

TEST(LoadPolicy, TimesAreReadInMinutesHoursAndDays) {
  const std::pair<const char*, uint32_t> cases[] = {
      {"1m", 1}, {"30m", 30}, {"8h", 480}, {"7d", 7 * 1440}, {"31d", 31 * 1440}, {"44640m", 44640}};
  for (const auto& [text, minutes] : cases) {
    const PolicyResult result =
        LoadPolicy("p",
                   Whole(RuleWhen(std::string("{not: {any: [{detector: cn.*, min_distinct: 1024, "
                                              "within: ") +
                                  text + "}]}}")),
                   kDetectors);
    ASSERT_TRUE(result.ok) << Messages(result);
    const auto over_time = ConditionsOverTime(result.policy);
    ASSERT_EQ(over_time.size(), 1u) << text;
    EXPECT_EQ(over_time[0]->within_minutes(), minutes) << text;
  }
  EXPECT_EQ(DurationName(90), "90m");
  EXPECT_EQ(DurationName(480), "8h");
  EXPECT_EQ(DurationName(1440), "1d");
}

TEST(CheckPolicy, TimesOfAProtoAreChecked) {
  v1::Policy policy = LoadPolicy("p", Whole(RuleWhen("{detector: cn.uscc}")), kDetectors).policy;
  EXPECT_TRUE(ConditionsOverTime(policy).empty());
  auto& condition = *policy.mutable_rules(0)->mutable_when()->mutable_detector();
  condition.set_within_minutes(kWithinMinutesMax + 1);
  condition.set_min_distinct(kDistinctWithinMax + 1);
  const auto problems = CheckPolicy(policy, kDetectors);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_THAT(FormatProblem(problems[0]), HasSubstr("Y107: rules[0].when.within: longer than 31d"));
  EXPECT_THAT(FormatProblem(problems[1]), HasSubstr("Y107: rules[0].when.min_distinct"));
}

TEST(CheckPolicy, EmptyProtoIsRefusedAndNamed) {
  const auto problems = CheckPolicy(v1::Policy(), kDetectors);
  EXPECT_TRUE(HasError(problems));
  EXPECT_THAT(FormatProblem(problems[0]), HasSubstr("error Y103: name: missing"));
}

}  // namespace
}  // namespace shoumi::rules
