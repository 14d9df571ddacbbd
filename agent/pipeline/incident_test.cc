#include "agent/pipeline/incident.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace shoumi::agent
