#include "agent/pipeline/incident.h"

#include <gtest/gtest.h>

#include "agent/pipeline/sanitize.h"

namespace shoumi::agent {
namespace {

TEST(Incident, KeepsWhatDecided) {
  v1::EventContext context;
  context.set_event_id("e");
  v1::Verdict verdict;
  verdict.set_rule("r");
  v1::InspectReport report;
  report.set_declassified(true);
  report.add_findings()->set_rule("cn.mobile");
  const v1::SpoolRecord record = BuildIncident(context, verdict, report, 7);
  EXPECT_EQ(record.incident().incident_id().size(), 36u);
  EXPECT_EQ(record.incident().event().event_id(), "e");
  EXPECT_EQ(record.incident().policy_version(), 7u);
  EXPECT_EQ(record.incident().level(), v1::LEVEL_NONE);
  EXPECT_TRUE(record.incident().declassified());
}

TEST(Incident, IsCutToItsBoundAndSaysWhatIsMissing) {
  v1::InspectReport report;
  for (int i = 0; i < 17; ++i) {
    v1::Finding& finding = *report.add_findings();
    finding.set_rule("cn.mobile");
    for (int j = 0; j < 20; ++j) finding.add_matches()->set_part(std::string(4000, 'p'));
  }
  v1::Verdict verdict;
  for (int i = 0; i < 100; ++i) verdict.add_trace()->set_rule("r" + std::to_string(i));
  v1::SpoolRecord record = BuildIncident({}, verdict, report, 1);
  EXPECT_LE(record.incident().ByteSizeLong(), kIncidentBytesMax);
  const v1::Finding& first = record.incident().findings(0);
  EXPECT_LT(first.matches_size(), 20);
  EXPECT_EQ(static_cast<uint32_t>(first.matches_size()) + first.matches_omitted(), 20u);
  EXPECT_EQ(record.incident().verdict().trace_size(), 100);

  for (int i = 0; i < 1000; ++i) report.add_unscanned()->set_part(std::string(4000, 'p'));
  record = BuildIncident({}, verdict, report, 1);
  EXPECT_LE(record.incident().ByteSizeLong(), kIncidentBytesMax);
  EXPECT_EQ(record.incident().verdict().trace(19).rule(), "r99");
}

// A record the server will not parse would hold up all behind it.
TEST(Incident, AlwaysParsesAtTheServer) {
  v1::EventContext context;
  context.set_content_name("bad\xFF\xC0\x80\xED\xA0\x80name");
  context.mutable_user()->add_groups("\xF5");
  v1::InspectReport report;
  report.add_findings();
  report.add_unscanned()->set_reason(static_cast<v1::UnscannedReason>(77));
  report.set_level(static_cast<v1::Level>(55));
  const v1::SpoolRecord record = BuildIncident(context, {}, report, 1);
  v1::SpoolRecord parsed;
  ASSERT_TRUE(parsed.ParseFromString(record.SerializeAsString()));
  EXPECT_EQ(parsed.incident().findings_size(), 0);
  EXPECT_EQ(parsed.incident().unscanned(0).reason(), v1::UNSCANNED_REASON_CRASHED);
  EXPECT_EQ(parsed.incident().level(), v1::LEVEL_NONE);
  EXPECT_TRUE(parsed.incident().event().content_name().ends_with("name"));
}

TEST(ValidUtf8, ReplacesOnlyWhatIsNoCharacter) {
  EXPECT_EQ(ValidUtf8("绝密.docx é 😀"), "绝密.docx é 😀");
  EXPECT_EQ(ValidUtf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(ValidUtf8("\xE7\xBB"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(ValidUtf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(ValidUtf8("\xF4\x90\x80\x80").size(), 12u);
}

}  // namespace
}  // namespace shoumi::agent
