#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "common/terminal/text.h"
#include "server/ctl/device_text.h"
#include "server/ctl/duration.h"
#include "server/ctl/incident_text.h"
#include "server/ctl/json.h"
#include "server/ctl/policy_source.h"
#include "server/ctl/policy_text.h"
#include "server/ctl/rollout.h"
#include "server/ctl/table.h"

namespace shoumi::ctl {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using ::testing::Not;

constexpr char kHostile[] =
    "a\x1b]0;x\x07\n\xc2\x9b"
    "2J.txt";

TEST(Table, AlignsByCellsAndEndsNoLineInSpaces) {
  Table table({"NAME", "USER"}, false);
  table.Add({{"投标方案.docx"}, {"alice"}});
  table.Add({{"plan.txt"}, {"b"}});
  table.Add({{"last"}, {""}});
  EXPECT_EQ(table.Text(),
            "NAME           USER\n"
            "投标方案.docx  alice\n"
            "plan.txt       b\n"
            "last\n");
}

TEST(Table, EscapesWhatCouldDriveATerminal) {
  Table table({"NAME", "N"}, false);
  table.Add({{kHostile}, {"1"}});
  EXPECT_EQ(table.Text(),
            "NAME                             N\n"
            "a\\x1b]0;x\\x07\\x0a\\xc2\\x9b2J.txt  1\n");
}

TEST(Table, ColoursOnlyWhenAskedTo) {
  Table table({"A"}, true);
  table.Add({{"block", kRed}});
  EXPECT_EQ(table.Text(), "\x1b[1mA\x1b[0m\n\x1b[31;1mblock\x1b[0m\n");
}

TEST(Duration, NeedsANumberAndAUnit) {
  EXPECT_EQ(ParseDuration("90s").value(), std::chrono::seconds(90));
  EXPECT_EQ(ParseDuration("10m").value(), std::chrono::minutes(10));
  EXPECT_EQ(ParseDuration("1h").value(), std::chrono::hours(1));
  EXPECT_EQ(ParseDuration("7d").value(), std::chrono::hours(7 * 24));
  EXPECT_EQ(ParseDuration("4294967295d").value().count(), 4294967295LL * 86400);
  for (const char* text :
       {"", "m", "10", "10 m", "-1h", "+1h", "0m", "1.5h", "1w", "1hh", "4294967296s"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Json, ListIsOneObjectWithFieldNamesOfTheContract) {
  JsonList list("incidents");
  EXPECT_EQ(list.Text(0), "{\n\"incidents\": [],\n\"total\": 0\n}\n");
  v1::IncidentSummary row;
  row.set_incident_id("id-1");
  row.set_content_name(kHostile);
  list.Add(row);
  list.Add(row);
  const std::string text = list.Text(7);
  EXPECT_THAT(text, AllOf(HasSubstr("\"incident_id\": \"id-1\""), HasSubstr("\"total\": 7"),
                          HasSubstr("\"number\": \"0\""), Not(HasSubstr("\x1b")),
                          Not(HasSubstr("\xc2\x9b"))));
}

v1::GetIncidentResponse Answer() {
  v1::GetIncidentResponse answer;
  answer.mutable_summary()->set_number(12);
  answer.mutable_summary()->set_hostname("ws-1");
  v1::Incident& incident = *answer.mutable_incident();
  incident.mutable_event()->set_content_name(kHostile);
  incident.mutable_event()->set_destination(kHostile);
  incident.mutable_event()->mutable_user()->set_name(kHostile);
  incident.mutable_event()->mutable_program()->set_executable("/usr/bin/cp");
  v1::Device& device = *incident.mutable_event()->mutable_device();
  device.set_vendor_id("0951");
  device.set_product_id("1666");
  device.set_serial(kHostile);
  v1::Verdict& verdict = *incident.mutable_verdict();
  verdict.set_action(v1::ACTION_BLOCK);
  verdict.set_basis(v1::VERDICT_BASIS_RULE);
  verdict.set_rule("marked-classified");
  verdict.set_title_en("Marked documents stay");
  verdict.set_severity(v1::SEVERITY_HIGH);
  v1::RuleTrace& trace = *verdict.add_trace();
  trace.set_rule("many-phones");
  trace.set_why("cn.mobile: 4 distinct, needs 50");
  v1::Finding& finding = *incident.add_findings();
  finding.set_rule("marking.classification");
  finding.set_count(3);
  finding.set_distinct(2);
  finding.set_confidence(99);
  finding.set_matches_omitted(1);
  finding.mutable_marking()->set_level(v1::LEVEL_SECRET);
  finding.mutable_marking()->set_term("10年");
  v1::Match& match = *finding.add_matches();
  match.set_part(kHostile);
  match.set_kind(v1::PART_KIND_HEADER);
  match.set_start(5);
  match.set_end(19);
  match.set_masked("机密★**");
  v1::Unscanned& unscanned = *incident.add_unscanned();
  unscanned.set_part("a.zip");
  unscanned.set_reason(v1::UNSCANNED_REASON_ENCRYPTED);
  incident.set_level(v1::LEVEL_SECRET);
  incident.set_policy_version(3);
  return answer;
}

TEST(IncidentText, SaysWhatAnInvestigatorAsks) {
  const std::string text = IncidentText(Answer(), false);
  for (const char* part :
       {"Incident 12", "ws-1", "/usr/bin/cp", "0951:1666:", "block (not enforced, only reported)",
        "marked-classified: Marked documents stay", "the first rule that held", "high", "secret",
        "version 3", "3 found, 2 distinct, confidence 99 %", "term 10年", "5–19", "机密★**",
        "and 1 more", "a.zip: encrypted", "- many-phones: cn.mobile: 4 distinct, needs 50"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

// The language is found once a process, so this is a process of its own.
[[noreturn]] void PrintIn(const char* locale) {
  ::setenv("LC_ALL", locale, 1);
  v1::GetPolicyResponse policy;
  policy.mutable_policy()->set_default_action(v1::ACTION_ALLOW);
  v1::Rule& rule = *policy.mutable_policy()->add_rules();
  rule.set_id("marked-top-secret");
  rule.set_action(v1::ACTION_REPORT);
  rule.set_severity(v1::SEVERITY_CRITICAL);
  v1::UnscannedFallback& fallback = *policy.mutable_policy()->add_unscanned();
  fallback.set_reason(v1::UNSCANNED_REASON_ENCRYPTED);
  fallback.set_action(v1::ACTION_WARN);
  fallback.set_severity(v1::SEVERITY_LOW);
  v1::DeviceRow device;
  device.mutable_state()->set_spool_records(1);
  v1::ChannelState& channel = *device.mutable_state()->add_channels();
  channel.set_channel("mail");
  channel.set_coverage(v1::COVERAGE_NOT_COVERED);
  channel.set_why("this version does not watch it");
  std::fputs((IncidentText(Answer(), false) + PolicyText(policy, false) + DeviceText(device, false))
                 .c_str(),
             stderr);
  std::exit(0);
}

TEST(TextDeathTest, WordsOfPoliciesAreInTheReadersLanguageAndIdsAreNot) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      PrintIn("zh_CN.UTF-8"), ::testing::ExitedWithCode(0),
      AllOf(HasSubstr("阻止 (未执行，仅记录)"), ContainsRegex("严重程度 +高\n"),
            ContainsRegex("无规则时 +放行\n"), ContainsRegex("1 +marked-top-secret +记录 +严重\n"),
            ContainsRegex("已加密 +警告 +低\n"), HasSubstr("1 条，0 字节"),
            HasSubstr("邮件: 未监控 (此版本不监控)")));
  EXPECT_EXIT(PrintIn("en_US.UTF-8"), ::testing::ExitedWithCode(0),
              AllOf(HasSubstr("block (not enforced"), ContainsRegex("Severity +high\n"),
                    ContainsRegex("No rule +allow\n"),
                    ContainsRegex("1 +marked-top-secret +report +critical\n"),
                    ContainsRegex("encrypted +warn +low\n"), HasSubstr("1 record, 0 bytes"),
                    HasSubstr("mail: not watched (this version does not watch it)")));
}

TEST(IncidentText, NothingFromAWorkstationDrivesTheTerminal) {
  const std::string text = IncidentText(Answer(), false);
  EXPECT_THAT(text, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\x07")),
                          Not(HasSubstr("\xc2\x9b")), HasSubstr("\\x1b]0;x\\x07\\x0a")));
}

v1::DeviceRow Device(const char* host, uint64_t version, uint64_t offered, const char* error = "") {
  v1::DeviceRow row;
  row.set_device_id(std::string("id-") + host);
  row.set_hostname(host);
  row.set_connected(true);
  row.set_policy_version(version);
  row.set_offered_version(offered);
  row.set_policy_error(error);
  return row;
}

TEST(Rollout, SortsDevicesByWhatBecameOfTheVersion) {
  std::vector<v1::DeviceRow> devices = {
      Device("done", 3, 3), Device("ahead", 4, 4), Device("bad", 2, 3, "no such detector"),
      Device("slow", 2, 3), Device("unaware", 2, 2, "of the version before")};
  devices.push_back(Device("away", 1, 1));
  devices.back().set_connected(false);
  const Rollout rollout = HowFar(devices, 3);
  EXPECT_EQ(rollout.in_force, 2U);
  EXPECT_THAT(rollout.refused, ElementsAre("bad (id-bad): no such detector"));
  EXPECT_THAT(rollout.lagging, ElementsAre("slow (id-slow)", "unaware (id-unaware)"));
  EXPECT_EQ(rollout.devices(), 5U);
}

TEST(DeviceText, NamesARefusedPolicyAndEscapesIt) {
  const auto device = Device("bad", 2, 3, kHostile);
  EXPECT_THAT(DeviceTable({device}, false), HasSubstr("2 (refused 3)"));
  EXPECT_THAT(DeviceText(device, false),
              AllOf(HasSubstr("Refused"), HasSubstr("\\x1b]0"), Not(HasSubstr("\x1b"))));
}

TEST(Policy, CheckedHereAsAtTheServer) {
  const std::string packs = std::string(SHOUMI_SOURCE_DIR) + "/rules/packs";
  const std::string starter = std::string(SHOUMI_SOURCE_DIR) + "/rules/policies/starter.yaml";
  auto source = ReadPolicySource(starter, packs).value();
  EXPECT_TRUE(CheckHere(source).ok());
  source.set_policy_file("broken.yaml");
  source.set_policy_yaml("name: x\nsurprise\x1b: 1\nrules: []\n");
  const auto answer = CheckHere(source);
  EXPECT_FALSE(answer.ok());
  const std::string lines = ProblemLines(answer.problems(), false);
  EXPECT_THAT(lines, ContainsRegex("(^|\n)broken\\.yaml:2: error Y102: .*surprise"));
  EXPECT_THAT(lines, Not(HasSubstr("\x1b")));
  EXPECT_FALSE(ReadPolicySource("/nonexistent.yaml", packs).ok());
  EXPECT_EQ(std::string(ReadPolicySource("/dev/null", packs).status().message()),
            "/dev/null is empty");
  EXPECT_FALSE(ReadPolicySource(starter, "/nonexistent").ok());
}

}  // namespace
}  // namespace shoumi::ctl
