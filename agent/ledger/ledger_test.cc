#include "agent/ledger/ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "agent/ledger/fakes.h"
#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr uint32_t kDay = 24 * 60;

class LedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    clock_.Advance(hours(24) * 365 * 56);
    work_.ledger.Watch(PolicyOverTime({{"cn.id", 480}, {"cn.*", 60, 70}, {"intl.mail", kDay}}));
  }

  FakeClock clock_;
  LedgerAtWork work_{clock_};
};

TEST_F(LedgerTest, DistinctValuesThatPassedAddUp) {
  EXPECT_EQ(work_.Passed(1, "cn.id", 480), 0u);
  work_.Pass(1, ReportOf("cn.id", 0, 8));
  work_.Pass(1, ReportOf("cn.id", 4, 8));
  EXPECT_EQ(work_.Passed(1, "cn.id", 480), 12u);
  EXPECT_EQ(work_.Passed(1, "cn.id", 480, ReportOf("cn.id", 10, 10)), 10u);
  // Of another detector they would be others.
  EXPECT_EQ(work_.Passed(1, "cn.id", 480, ReportOf("cn.mobile", 10, 10)), 12u);
  EXPECT_EQ(work_.Passed(2, "cn.id", 480), 0u);
  EXPECT_EQ(work_.ledger.stats().values, 12u);
}

TEST_F(LedgerTest, WhatWasStoppedDoesNotCount) {
  work_.Pass(1, ReportOf("cn.id", 0, 8), false);
  EXPECT_EQ(work_.Passed(1, "cn.id", 480), 0u);
}

TEST_F(LedgerTest, APrefixAddsUpOverItsDetectors) {
  work_.Pass(1, ReportOf("cn.id", 0, 8));
  work_.Pass(1, ReportOf("cn.mobile", 0, 5));
  work_.Pass(1, ReportOf("intl.mail", 0, 3));
  EXPECT_EQ(work_.Passed(1, "cn.*", 60, ReportOf("cn.mobile", 3, 4)), 11u);
  EXPECT_EQ(work_.Passed(1, "*", 60), 16u);
}

TEST_F(LedgerTest, OnlyWhatARuleCountsIsHeld) {
  work_.Pass(1, ReportOf("business.tender", 0, 8));
  v1::InspectReport unsure = ReportOf("cn.mobile", 0, 8);
  unsure.mutable_findings(0)->set_confidence(69);
  work_.Pass(1, unsure);
  EXPECT_EQ(work_.ledger.stats().values, 0u);
  unsure.mutable_findings(0)->set_confidence(70);
  work_.Pass(1, unsure);
  work_.Pass(1, ReportOf("cn.id", 0, 3));
  work_.Pass(1, ReportOf("intl.mail", 0, 4));
  EXPECT_EQ(work_.ledger.stats().values, 15u);
  work_.ledger.Watch(PolicyOverTime({{"intl.mail", kDay}}));
  EXPECT_EQ(work_.ledger.stats().values, 4u);
  EXPECT_EQ(work_.Passed(1, "*", kDay), 4u);
  work_.ledger.Watch({});
  EXPECT_EQ(work_.ledger.stats().values, 0u);
  work_.Pass(1, ReportOf("intl.mail", 0, 4));
  EXPECT_EQ(work_.ledger.stats().values, 0u);
}

TEST_F(LedgerTest, ValuesAgeAndTheSameAgainIsYoungAgain) {
  work_.Pass(1, ReportOf("cn.id", 0, 8));
  clock_.Advance(minutes(479));
  work_.Pass(1, ReportOf("cn.id", 6, 1));
  clock_.Advance(minutes(1));
  EXPECT_EQ(work_.Passed(1, "cn.id", 480), 8u);
  clock_.Advance(minutes(1));
  EXPECT_EQ(work_.Passed(1, "cn.id", 480), 1u);
  EXPECT_EQ(work_.Passed(1, "cn.id", kDay), 8u);
  EXPECT_EQ(work_.ledger.stats().values, 8u);
  work_.ledger.Prune();
  EXPECT_EQ(work_.ledger.stats().values, 1u);
  clock_.Advance(minutes(480));
  work_.ledger.Prune();
  EXPECT_EQ(work_.ledger.stats().values, 0u);
}

TEST_F(LedgerTest, SettingTheClockNeitherLosesNorProlongs) {
  work_.Pass(1, ReportOf("cn.id", 0, 8));
  for (const hours jump : {hours(-1000), hours(5000), hours(-4000)}) {
    clock_.JumpWall(jump);
    work_.ledger.Prune();
    EXPECT_EQ(work_.Passed(1, "cn.id", 480), 8u);
  }
  clock_.Advance(minutes(481));
  EXPECT_EQ(work_.Passed(1, "cn.id", 480), 0u);
}

TEST_F(LedgerTest, WhatIsAboutToPassCountsForOthersUntilItDoesNot) {
  work_.Pass(1, ReportOf("cn.id", 0, 4));
  const auto passes = [](const History&) { return true; };
  {
    Ledger::Claim claim = work_.ledger.Decide(1, ReportOf("cn.id", 2, 8), passes);
    Ledger::Claim same = work_.ledger.Decide(1, ReportOf("cn.id", 8, 4), passes);
    EXPECT_EQ(work_.Passed(1, "cn.id", 480), 12u);
    EXPECT_EQ(work_.Passed(1, "cn.*", 480, ReportOf("cn.id", 11, 4)), 11u);
    EXPECT_EQ(work_.Passed(2, "cn.id", 480), 0u);
    same.Keep();
    same.Keep();
    claim = Ledger::Claim();
    EXPECT_EQ(work_.Passed(1, "cn.id", 480), 8u);  // 0 to 3, 8 to 11
    claim = work_.ledger.Decide(1, ReportOf("cn.id", 20, 1), passes);
  }
  EXPECT_EQ(work_.Passed(1, "cn.id", 480), 8u);
  EXPECT_EQ(work_.ledger.stats().values, 8u);
}

TEST_F(LedgerTest, APolicyThatComesBetweenForgetsWhatIsAboutToPass) {
  Ledger::Claim claim =
      work_.ledger.Decide(1, ReportOf("cn.id", 2, 8), [](const History&) { return true; });
  work_.ledger.Watch({});
  claim.Keep();
  EXPECT_EQ(work_.ledger.stats().values, 0u);
}

// Each lets itself through while fewer than 50 have passed with it. Were two to decide at once,
// more than six would get through.
TEST_F(LedgerTest, EventsAtOneTimeCannotBothBeTheLastThatPasses) {
  std::atomic<int> passed{0};
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (uint64_t i = 0; i < 10; ++i) {
        const v1::InspectReport report = ReportOf("cn.id", 1000 * thread + 8 * i, 8);
        bool through = false;
        Ledger::Claim claim = work_.ledger.Decide(1, report, [&](const History& history) {
          through = 8 + history.PassedBesides("cn.id", 480, {&report.findings(0)}) < 50;
          return through;
        });
        std::this_thread::yield();
        claim.Keep();
        passed += through ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed, 6);
  EXPECT_EQ(work_.ledger.stats().values, 48u);
}

TEST_F(LedgerTest, OfOneSeriesAsManyAreHeldAsRulesCanAskFor) {
  work_.Pass(1, ReportOf("cn.id", 0, 600));
  clock_.Advance(minutes(1));
  work_.Pass(1, ReportOf("cn.id", 1000, 1000));
  EXPECT_EQ(work_.ledger.stats().values, rules::kDistinctWithinMax);
  EXPECT_EQ(work_.ledger.stats().over_series_max, 1600u - rules::kDistinctWithinMax);
  clock_.Advance(minutes(480));
  EXPECT_EQ(work_.Passed(1, "cn.id", 480), 1000u);  // it was the oldest that went
}

TEST_F(LedgerTest, BeyondItsBoundTheOldestGoAndThatIsCounted) {
  constexpr size_t kMax = 2000;
  LedgerAtWork work(clock_, {.values_max = kMax});
  work.ledger.Watch(PolicyOverTime({{"*", kDay}}));
  for (uint32_t uid = 0; uid < 1000; ++uid) {
    work.Pass(uid, ReportOf("d" + std::to_string(uid % 3), 0, 20));
    if (uid % 10 == 0) clock_.Advance(minutes(1));
    ASSERT_LE(work.ledger.stats().values, kMax);
  }
  const Ledger::Stats stats = work.ledger.stats();
  EXPECT_EQ(stats.values + stats.evicted, 20'000u);
  EXPECT_GT(stats.values, kMax / 3);
  EXPECT_EQ(work.Passed(0, "*", kDay), 0u);
  EXPECT_EQ(work.Passed(999, "*", kDay), 20u);
}

TEST_F(LedgerTest, WhatHasNoKeyOfItsOwnIsCounted) {
  v1::InspectReport report = ReportOf("cn.id", 0, 8);
  report.mutable_findings(0)->set_distinct(100);
  work_.Pass(1, report);
  EXPECT_EQ(work_.ledger.stats().cut, 92u);
}

TEST_F(LedgerTest, TheKeyStaysUntilNoRuleNeedsIt) {
  const v1::Policy policy = PolicyOverTime({{"cn.id", 480}});
  EXPECT_EQ(work_.ledger.KeyFor({}), "");
  const std::string key = work_.ledger.KeyFor(policy);
  EXPECT_EQ(key.size(), 16u);
  work_.ledger.Watch(policy);
  EXPECT_EQ(work_.ledger.KeyFor(policy), key);
  work_.ledger.Watch({});
  EXPECT_NE(work_.ledger.KeyFor(policy), key);
}

}  // namespace
}  // namespace shoumi::agent
