#include "agent/inspect/worker/part_feed.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

// Remembers what a scanner is told.
class RecordingScanner final : public rules::Scanner {
 public:
  void Begin(const rules::ScanOptions&) override {}
  void BeginPart(std::string_view part, v1::PartKind) override {
    calls.push_back("begin " + std::string(part));
  }
  void Block(std::string_view text) override { calls.push_back("text " + std::string(text)); }
  void EndPart() override { calls.emplace_back("end"); }
  void Named(std::string_view, std::string_view, std::string_view) override {}
  rules::ScanResult Finish() override { return {}; }

  std::vector<std::string> calls;
};

TEST(PartFeed, PartsDoNotNestAndNoneStaysOpen) {
  RecordingScanner scanner;
  v1::InspectReport report;
  PartFeed feed(scanner, report);
  feed.BeginPart("a", v1::PART_KIND_BODY);
  feed.Text("1");
  feed.BeginPart("b", v1::PART_KIND_BODY);
  feed.Close();
  feed.Close();
  const std::vector<std::string> expected = {"begin a", "text 1", "end", "begin b", "end"};
  EXPECT_EQ(scanner.calls, expected);
}

TEST(PartFeed, UnscannedPartsAreBoundedAndTheRestCounted) {
  RecordingScanner scanner;
  v1::InspectReport report;
  PartFeed feed(scanner, report);
  for (int i = 0; i < 1000; ++i) feed.Unscanned("p", v1::UNSCANNED_REASON_UNSUPPORTED, "detail");
  feed.Unscanned("q", v1::UNSCANNED_REASON_ENCRYPTED, "detail");
  ASSERT_LE(report.unscanned_size(), kReportUnscannedMax);
  // What comes late keeps its reason: a policy may let pictures pass, and must see the rest.
  const int size = report.unscanned_size();
  EXPECT_EQ(report.unscanned(size - 2).reason(), v1::UNSCANNED_REASON_UNSUPPORTED);
  EXPECT_EQ(report.unscanned(size - 2).detail(),
            std::to_string(1000 - (size - 2)) + " further parts");
  EXPECT_EQ(report.unscanned(size - 1).reason(), v1::UNSCANNED_REASON_ENCRYPTED);
  EXPECT_EQ(report.unscanned(size - 1).detail(), "1 further parts");
}

TEST(BoundedUtf8, CutsBetweenCharacters) {
  EXPECT_EQ(BoundedUtf8("密密", 6), "密密");
  EXPECT_EQ(BoundedUtf8("密密", 5), "密");
  EXPECT_EQ(BoundedUtf8("a😀", 4), "a");
  EXPECT_EQ(BoundedUtf8("", 4), "");
}

TEST(BoundedUtf8, WhatIsNotUtf8IsReplaced) {
  EXPECT_EQ(BoundedUtf8("a\xff\x80z", 100), "a??z");
  EXPECT_EQ(BoundedUtf8("\xc0\xaf", 100), "??");            // overlong
  EXPECT_EQ(BoundedUtf8("\xed\xa0\x80", 100), "???");       // surrogate
  EXPECT_EQ(BoundedUtf8("\xf4\x90\x80\x80", 100), "????");  // beyond U+10FFFF
  EXPECT_EQ(BoundedUtf8("\xe5\xaf", 100), "??");            // cut short
}

}  // namespace
}  // namespace shoumi::inspect
