#include "rules/engine/term_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/engine/database.h"
#include "rules/engine/scanner.h"
#include "rules/engine/scanner_impl.h"

namespace shoumi::rules {
namespace {

constexpr std::string_view kPack = R"(pack: terms
version: 1
detectors:
  - id: test.bid
    title: {zh: 标, en: Bid}
    level: none
    terms:
      - {text: 甲词, weight: 3}
      - {text: 乙词, weight: 3}
      - {text: 丙词, weight: 3}
    within_chars: 40
    score_min: 9
    distinct_min: 3
    figures_min: 6
)";

std::shared_ptr<const Database> Compiled() {
  v1::Pack pack;
  pack.set_name("terms");
  pack.set_yaml(std::string(kPack));
  return Database::Compile({pack}).database;
}

// Matches of the detector in `text`, which goes through windows of `window_bytes`.
uint64_t Matches(std::string_view text, size_t window_bytes = kWindowBytesDefault) {
  static const std::shared_ptr<const Database> database = Compiled();
  auto scanner = WindowScanner::Create(database->rules(), window_bytes);
  EXPECT_TRUE(scanner.ok()) << scanner.status();
  (*scanner)->Begin({});
  (*scanner)->BeginPart("text", v1::PART_KIND_BODY);
  (*scanner)->Block(text);
  (*scanner)->EndPart();
  uint64_t count = 0;
  for (const v1::Finding& finding : (*scanner)->Finish().findings) {
    count += finding.count();
  }
  return count;
}

TEST(Figures, MustStandAmongTheTermsOrBesideThem) {
  EXPECT_EQ(Matches("甲词 128600 乙词 丙词"), 1U);
  EXPECT_EQ(Matches("甲词 乙词 丙词：1,286,000元"), 1U);
  EXPECT_EQ(Matches("1286000 甲词 乙词 丙词"), 1U);
  EXPECT_EQ(Matches("甲词 2025年 乙词 丙词 800元"), 1U);  // seven of two numbers
  EXPECT_EQ(Matches("甲词 乙词 丙词"), 0U);
  EXPECT_EQ(Matches("甲词 12860 乙词 丙词"), 0U);
  EXPECT_EQ(Matches("第15条 甲词 20日 30天 乙词 50人 丙词 60%"), 0U);  // no number of three figures
  EXPECT_EQ(Matches("甲词 乙词 丙词" + std::string(121, ' ') + "1286000"), 0U);
  EXPECT_EQ(Matches("1286000" + std::string(121, ' ') + "甲词 乙词 丙词"), 0U);
}

TEST(Figures, AreWaitedFor) {
  // The terms that stand together stay together until a number comes.
  EXPECT_EQ(Matches("甲词 乙词 丙词 " + std::string(130, ' ') + "甲词 乙词 丙词 1286000"), 1U);
}

TEST(Figures, AreCountedBetweenTermsThatTookThePlaceOfOthers) {
  std::string gap;  // as long as terms still hang together, and longer than numbers are looked for
  for (int i = 0; i < 38; ++i) {
    gap += "𠮷";
  }
  EXPECT_EQ(Matches("甲词乙词丙词" + gap + "甲词 128600 乙词丙词"), 1U);
}

TEST(Figures, DoNotDependOnWhereWindowsEnd) {
  for (size_t before = 0; before < kWindowBytesMin + 200; before += 61) {
    const std::string text = std::string(before, 'x') + " 甲词 乙词 丙词：1286000元 " +
                             std::string(kWindowBytesMin, 'y');
    ASSERT_EQ(Matches(text, kWindowBytesMin), 1U) << before;
  }
}

// Nothing but terms, no figure anywhere: every term is looked at again as long as it is near.
TEST(Figures, CostNoMoreThanTheLengthOfTheText) {
  const auto seconds = [](size_t times) {
    std::string text;
    for (size_t i = 0; i < times; ++i) {
      text += "甲词乙词丙词";
    }
    double least = 1e9;
    for (int run = 0; run < 3; ++run) {
      const auto start = std::chrono::steady_clock::now();
      EXPECT_EQ(Matches(text), 0U);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      least = std::min(least, took.count());
    }
    return least;
  };
  EXPECT_LT(seconds(80'000), 20 * seconds(10'000) + 0.05);
}

}  // namespace
}  // namespace shoumi::rules
