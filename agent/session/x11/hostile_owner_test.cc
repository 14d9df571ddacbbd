#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/session/x11/testing/guarded_display.h"

namespace shoumi::session {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using testing::LongText;
using testing::Owner;
using testing::Requestor;
using testing::TestJudge;
using testing::WaitUntil;

// Short enough for a test, and the same in kind.
GuardLimits Short() {
  GuardLimits limits;
  limits.owner_ms_max = milliseconds(150);
  limits.fetch_ms_max = milliseconds(600);
  limits.judge_ms_max = milliseconds(400);
  limits.requestor_ms_max = milliseconds(150);
  limits.paste_ms = milliseconds(20);
  limits.target_bytes_max = 1 << 20;
  limits.selection_bytes_max = 3 << 19;
  limits.targets_max = 8;
  return limits;
}

class HostileOwnerTest : public testing::GuardedDisplay {
 protected:
  // Refuses what could not be read, passes the rest.
  static TestJudge::Rule Strict() {
    return [](const Question& question) {
      return std::ranges::all_of(question.parts,
                                 [](const Part& part) { return part.bytes != nullptr; });
    };
  }
  // What the guard said of the copy as a whole.
  [[nodiscard]] std::vector<v1::UnscannedReason> Reasons() const {
    std::vector<v1::UnscannedReason> reasons;
    for (const Question& question : judge_->asked()) {
      for (const Part& part : question.parts) {
        if (question.requestor == 0 && !part.bytes) reasons.push_back(part.reason);
      }
    }
    return reasons;
  }
  // One target that is there beside the one that is not.
  std::map<std::string, Owner::Act> With(const std::string& name, Owner::Act act) {
    return {{"TARGETS", Owner::Offers({"UTF8_STRING", name})},
            {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, "text"})},
            {name, std::move(act)}};
  }
  void ExpectTakenOverWithout(const std::string& name, v1::UnscannedReason reason) {
    ASSERT_TRUE(TakenOver(1));
    EXPECT_THAT(Reasons(), ::testing::ElementsAre(reason));
    Requestor requestor(display());
    EXPECT_EQ(requestor.Convert("CLIPBOARD", "UTF8_STRING")->bytes, "text");
    EXPECT_FALSE(requestor.Convert("CLIPBOARD", name));
  }
};

TEST_F(HostileOwnerTest, NeverAnswers) {
  Guard(Strict(), Short());
  const Owner owner(display(), "CLIPBOARD", {{"TARGETS", Owner::Silent()}});
  ASSERT_TRUE(TakenOver(1));
  EXPECT_THAT(Reasons(), ::testing::ElementsAre(v1::UNSCANNED_REASON_TIMEOUT));
  Requestor requestor(display());
  EXPECT_FALSE(requestor.Convert("CLIPBOARD", "UTF8_STRING"));
}

TEST_F(HostileOwnerTest, NeverAnswersAndPolicyLetsItPass) {
  Guard(Passes(), Short());
  const Owner owner(
      display(), "CLIPBOARD",
      {{"TARGETS", Owner::Silent()}, {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, "its own"})}});
  EXPECT_TRUE(WaitUntil([&] { return guard_->counters().left == 1; }));
  Requestor requestor(display());
  EXPECT_EQ(requestor.Convert("CLIPBOARD", "UTF8_STRING")->bytes, "its own");
}

TEST_F(HostileOwnerTest, AnswersSomeTargetsOnly) {
  Guard(Strict(), Short());
  const Owner owner(display(), "CLIPBOARD", With("image/png", Owner::Silent()));
  ExpectTakenOverWithout("image/png", v1::UNSCANNED_REASON_TIMEOUT);
}

TEST_F(HostileOwnerTest, SaysThatItWroteAndDidNot) {
  Guard(Strict(), Short());
  const Owner owner(display(), "CLIPBOARD", With("image/png", Owner::SaysSoOnly()));
  ExpectTakenOverWithout("image/png", v1::UNSCANNED_REASON_CORRUPT);
}

TEST_F(HostileOwnerTest, GivesMoreThanTheBound) {
  Guard(Strict(), Short());
  const Owner owner(display(), "CLIPBOARD",
                    With("image/png", Owner::Gives({"image/png", 8, LongText((1 << 20) + 1)})));
  ExpectTakenOverWithout("image/png", v1::UNSCANNED_REASON_OVERSIZE);
}

TEST_F(HostileOwnerTest, GivesExactlyTheBound) {
  Guard(Strict(), Short());
  const std::string image = LongText(1 << 20);
  const Owner owner(display(), "CLIPBOARD",
                    With("image/png", Owner::GivesInPieces(image.substr(0, 1 << 16), 16)));
  ASSERT_TRUE(TakenOver(1));
  EXPECT_TRUE(Reasons().empty());
  Requestor requestor(display());
  EXPECT_EQ(requestor.Convert("CLIPBOARD", "image/png")->bytes.size(), image.size());
}

TEST_F(HostileOwnerTest, GivesPiecesWithoutEnd) {
  Guard(Strict(), Short());
  const Owner owner(display(), "CLIPBOARD",
                    With("image/png", Owner::GivesInPieces(LongText(50'000), 1'000'000)));
  ExpectTakenOverWithout("image/png", v1::UNSCANNED_REASON_OVERSIZE);
}

TEST_F(HostileOwnerTest, GivesTinyPiecesWithoutEnd) {
  Guard(Strict(), Short());
  const Owner owner(display(), "CLIPBOARD",
                    With("image/png", Owner::GivesInPieces("x", 1'000'000'000)));
  ExpectTakenOverWithout("image/png", v1::UNSCANNED_REASON_TIMEOUT);
}

TEST_F(HostileOwnerTest, StopsInTheMiddle) {
  Guard(Strict(), Short());
  const Owner owner(display(), "CLIPBOARD",
                    With("image/png", Owner::GivesInPieces("piece", 3, true)));
  ExpectTakenOverWithout("image/png", v1::UNSCANNED_REASON_TIMEOUT);
}

TEST_F(HostileOwnerTest, ManyTargetsTogetherAreBounded) {
  Guard(Strict(), Short());
  const std::string big = LongText(900'000);
  const Owner owner(display(), "CLIPBOARD",
                    {{"TARGETS", Owner::Offers({"a/a", "b/b"})},
                     {"a/a", Owner::Gives({"a/a", 8, big})},
                     {"b/b", Owner::Gives({"b/b", 8, big})}});
  ASSERT_TRUE(TakenOver(1));
  EXPECT_THAT(Reasons(), ::testing::ElementsAre(v1::UNSCANNED_REASON_OVERSIZE));
  Requestor requestor(display());
  EXPECT_TRUE(requestor.Convert("CLIPBOARD", "a/a"));
  EXPECT_FALSE(requestor.Convert("CLIPBOARD", "b/b"));
}

TEST_F(HostileOwnerTest, OffersMoreTargetsThanTheBound) {
  Guard(Strict(), Short());
  std::vector<std::string> names{"UTF8_STRING"};
  for (int i = 0; i < 200; ++i) names.push_back("x/" + std::to_string(i));
  const Owner owner(display(), "CLIPBOARD",
                    {{"TARGETS", Owner::Offers(names)},
                     {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, "text"})}});
  ASSERT_TRUE(TakenOver(1));
  EXPECT_THAT(Reasons(), ::testing::Contains(v1::UNSCANNED_REASON_TOO_MANY));
}

TEST_F(HostileOwnerTest, OffersNonsense) {
  Guard(Strict(), Short());
  const Owner owner(display(), "CLIPBOARD",
                    {{"TARGETS", Owner::Gives({"ATOM", 32, std::string(8, '\xff')})}});
  ASSERT_TRUE(TakenOver(1));
  const Owner other(display(), "CLIPBOARD", {{"TARGETS", Owner::Gives({"STRING", 8, "TARGETS"})}});
  ASSERT_TRUE(TakenOver(2));
  EXPECT_THAT(Reasons(), ::testing::ElementsAre(v1::UNSCANNED_REASON_CORRUPT));
}

TEST_F(HostileOwnerTest, TakesItBackForEver) {
  GuardLimits limits = Short();
  limits.contention_ms = milliseconds(500);
  Guard(Passes(), limits);
  Owner owner(display(), "CLIPBOARD",
              {{"TARGETS", Owner::Offers({"UTF8_STRING"})},
               {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, "mine"})}});
  owner.Insist(true);
  owner.Own();
  ASSERT_TRUE(WaitUntil([&] { return !judge_->reports().empty(); }));
  EXPECT_THAT(judge_->reports()[0], HasSubstr("takes back"));
  EXPECT_LE(owner.lost(), limits.contention_max + 2);
  owner.Insist(false);
  const uint64_t before = guard_->counters().taken_over;
  EXPECT_TRUE(TakenOver(before + 1));
}

TEST_F(HostileOwnerTest, AJudgeThatNeverAnswersRefuses) {
  Guard([](const Question&) { return std::nullopt; }, Short());
  const Owner owner(display(), "CLIPBOARD",
                    {{"TARGETS", Owner::Offers({"UTF8_STRING"})},
                     {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, "text"})}});
  ASSERT_TRUE(TakenOver(1));
  Requestor requestor(display());
  EXPECT_FALSE(requestor.Convert("CLIPBOARD", "UTF8_STRING"));
}

TEST_F(HostileOwnerTest, ARequestorThatTakesNoPiecesIsGivenUp) {
  GuardLimits limits = Short();
  limits.direct_bytes_max = 1000;
  limits.transfers_max = 1;
  Guard(Passes(), limits);
  const Owner owner(display(), "CLIPBOARD",
                    {{"TARGETS", Owner::Offers({"UTF8_STRING"})},
                     {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, LongText(5000)})}});
  ASSERT_TRUE(TakenOver(1));
  Requestor stuck(display());
  stuck.AskOnly("CLIPBOARD", "UTF8_STRING");
  Requestor requestor(display());
  EXPECT_TRUE(WaitUntil([&] { return requestor.Convert("CLIPBOARD", "UTF8_STRING").has_value(); }));
}

TEST_F(HostileOwnerTest, ARequestorThatGoesAwayDisturbsNobody) {
  Guard(Passes(), Short());
  const Owner owner(display(), "CLIPBOARD",
                    {{"TARGETS", Owner::Offers({"UTF8_STRING"})},
                     {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, "text"})}});
  ASSERT_TRUE(TakenOver(1));
  for (int i = 0; i < 50; ++i) Requestor(display()).AskOnly("CLIPBOARD", "UTF8_STRING");
  Requestor requestor(display());
  EXPECT_EQ(requestor.Convert("CLIPBOARD", "UTF8_STRING")->bytes, "text");
}

TEST_F(HostileOwnerTest, RequestsThatWaitAreBounded) {
  GuardLimits limits = Short();
  limits.requests_max = 3;
  Guard([](const Question&) { return std::nullopt; }, limits);
  const Owner owner(display(), "CLIPBOARD",
                    {{"TARGETS", Owner::Offers({"UTF8_STRING"})},
                     {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, "text"})}});
  ASSERT_TRUE(TakenOver(1));
  Requestor requestor(display());
  for (int i = 0; i < 5; ++i) requestor.AskOnly("CLIPBOARD", "UTF8_STRING");
  EXPECT_TRUE(WaitUntil([&] { return guard_->counters().refused_by_bounds == 2; }));
}

}  // namespace
}  // namespace shoumi::session
