#include "agent/inspect/report_check.h"

#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

v1::InspectReport Sound() {
  v1::InspectReport report;
  report.set_id(1);
  report.set_level(v1::LEVEL_SECRET);
  v1::Finding* finding = report.add_findings();
  finding->set_rule("known");
  finding->set_level(v1::LEVEL_SECRET);
  finding->set_count(3);
  finding->set_distinct(2);
  for (const uint64_t key : {5, 7}) finding->add_value_keys(key);
  finding->mutable_marking()->set_level(v1::LEVEL_SECRET);
  v1::Match* match = finding->add_matches();
  match->set_kind(v1::PART_KIND_BODY);
  match->set_end(4);
  v1::RegisteredDocument* document = finding->add_documents();
  document->set_collection("contracts");
  document->set_number(1);
  v1::Unscanned* unscanned = report.add_unscanned();
  unscanned->set_reason(v1::UNSCANNED_REASON_CORRUPT);
  report.add_rejected()->set_rule("known");
  return report;
}

TEST(CheckReport, ASoundReportPasses) {
  EXPECT_TRUE(CheckReport(Sound(), 1, {"known"}).ok());
}

TEST(CheckReport, EachBreachIsNamed) {
  const struct {
    const char* field;
    std::function<void(v1::InspectReport&)> breach;
  } kCases[] = {
      {"another request", [](auto& r) { r.set_id(2); }},
      {" level", [](auto& r) { r.set_level(static_cast<v1::Level>(9)); }},
      {"media_type", [](auto& r) { r.set_media_type(std::string(300, 'm')); }},
      {"media_type", [](auto& r) { r.set_media_type("\x1b[31m"); }},
      {"content_sha256", [](auto& r) { r.set_content_sha256(std::string(63, 'a')); }},
      {"content_sha256", [](auto& r) { r.set_content_sha256(std::string(64, 'G')); }},
      {"finding.rule", [](auto& r) { r.mutable_findings(0)->set_rule("unknown"); }},
      {"finding.value_keys",
       [](auto& r) {
         r.mutable_findings(0)->set_distinct(2000);
         r.mutable_findings(0)->clear_value_keys();
         for (int i = 0; i <= kValueKeysMax; ++i) r.mutable_findings(0)->add_value_keys(i);
       }},
      {"finding.value_keys",
       [](auto& r) {
         r.mutable_findings(0)->add_value_keys(8);  // a third of two
       }},
      {"finding.value_keys",
       [](auto& r) {
         r.mutable_findings(0)->set_distinct(9);
         for (const int key : {7, 9}) r.mutable_findings(0)->add_value_keys(key);
       }},
      {"finding.count", [](auto& r) { r.mutable_findings(0)->set_count(0); }},
      {"finding.confidence", [](auto& r) { r.mutable_findings(0)->set_confidence(101); }},
      {"finding.level",
       [](auto& r) { r.mutable_findings(0)->set_level(static_cast<v1::Level>(-1)); }},
      {"marking.term",
       [](auto& r) { r.mutable_findings(0)->mutable_marking()->set_term(std::string(257, 't')); }},
      {"match.end", [](auto& r) { r.mutable_findings(0)->mutable_matches(0)->set_start(5); }},
      {"match.kind",
       [](auto& r) {
         r.mutable_findings(0)->mutable_matches(0)->set_kind(static_cast<v1::PartKind>(99));
       }},
      {"match.masked",
       [](auto& r) {
         r.mutable_findings(0)->mutable_matches(0)->set_masked(std::string(1025, '*'));
       }},
      {"match.columns",
       [](auto& r) {
         for (int i = 0; i < 17; ++i) {
           r.mutable_findings(0)->mutable_matches(0)->add_columns("name");
         }
       }},
      {"match.columns",
       [](auto& r) { r.mutable_findings(0)->mutable_matches(0)->add_columns("\x1b[31m"); }},
      {"match.part",
       [](auto& r) {
         r.mutable_findings(0)->mutable_matches(0)->set_part(std::string(4097, 'p'));
       }},
      {"finding.matches",
       [](auto& r) {
         for (int i = 0; i < kMatchesMax; ++i) r.mutable_findings(0)->add_matches();
       }},
      {"document.collection",
       [](auto& r) { r.mutable_findings(0)->mutable_documents(0)->set_collection("\x1b[31m"); }},
      {"document.number",
       [](auto& r) { r.mutable_findings(0)->mutable_documents(0)->set_number(0); }},
      {"document.permille",
       [](auto& r) {
         r.mutable_findings(0)->mutable_documents(0)->set_permille_of_registered(1001);
       }},
      {"document.title",
       [](auto& r) { r.mutable_findings(0)->mutable_documents(0)->set_title("a"); }},
      {"finding.documents",
       [](auto& r) {
         for (int i = 0; i < kMatchesMax; ++i) {
           *r.mutable_findings(0)->add_documents() = r.findings(0).documents(0);
         }
       }},
      {"findings",
       [](auto& r) {
         for (int i = 0; i < kFindingsMax; ++i) r.add_findings();
       }},
      {"unscanned.reason",
       [](auto& r) { r.mutable_unscanned(0)->set_reason(v1::UNSCANNED_REASON_UNSPECIFIED); }},
      {"unscanned.detail", [](auto& r) { r.mutable_unscanned(0)->set_detail("a\nb"); }},
      {"unscanned",
       [](auto& r) {
         for (int i = 0; i < kUnscannedMax; ++i) r.add_unscanned();
       }},
      {"rejected.rule", [](auto& r) { r.mutable_rejected(0)->set_rule("unknown"); }},
      {"rejected",
       [](auto& r) {
         for (int i = 0; i < kRejectedMax; ++i) r.add_rejected();
       }},
  };
  for (const auto& one : kCases) {
    v1::InspectReport report = Sound();
    one.breach(report);
    const absl::Status status = CheckReport(report, 1, {"known"});
    EXPECT_FALSE(status.ok()) << one.field;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(one.field));
  }
}

}  // namespace
}  // namespace shoumi::inspect
