#include "agent/channels/clipboard/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoumi::agent::clipboard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInspect = v1::CHANNEL_MODE_INSPECT;

ConnectedSession Program(uid_t uid, const std::string& session, const std::string& display,
                         bool guarding = true) {
  return {uid, session, display, v1::DISPLAY_KIND_X11, guarding, guarding ? "" : "no XFixes"};
}

TEST(CoverageTest, WithoutPolicyNothingIsCovered) {
  for (const auto mode : {v1::CHANNEL_MODE_UNSPECIFIED, v1::CHANNEL_MODE_OFF}) {
    EXPECT_EQ(CoverageOf(mode, {}, {Program(1, "1", ":0")}).coverage(), v1::COVERAGE_NOT_COVERED);
  }
}

TEST(CoverageTest, NobodyThereIsCovered) {
  const auto state = CoverageOf(kInspect, {}, {});
  EXPECT_EQ(state.coverage(), v1::COVERAGE_COVERED);
  EXPECT_THAT(state.why(), HasSubstr("no graphical session"));
}

TEST(CoverageTest, ASessionWithoutItsProgramIsSaid) {
  const std::vector<GraphicalSession> sessions{{"2", 1000, false, ":0"}, {"5", 1001, false, ":1"}};
  auto state = CoverageOf(kInspect, sessions, {});
  EXPECT_EQ(state.coverage(), v1::COVERAGE_NOT_COVERED);
  EXPECT_THAT(state.why(), HasSubstr("session 2 of uid 1000"));
  EXPECT_THAT(state.why(), HasSubstr("session 5 of uid 1001"));
  state = CoverageOf(kInspect, sessions, {Program(1000, "2", "")});
  EXPECT_EQ(state.coverage(), v1::COVERAGE_PARTIAL);
  EXPECT_EQ(state.guarded(), 1U);
  EXPECT_THAT(state.why(), Not(HasSubstr("uid 1000")));
  // By its display, where the program is started outside of the session.
  state = CoverageOf(kInspect, sessions, {Program(1000, "", ":0"), Program(1001, "", ":1")});
  EXPECT_EQ(state.coverage(), v1::COVERAGE_COVERED);
  // Of another user it does not count.
  state = CoverageOf(kInspect, sessions, {Program(1001, "2", ":0"), Program(1001, "5", ":1")});
  EXPECT_EQ(state.coverage(), v1::COVERAGE_PARTIAL);
}

TEST(CoverageTest, AProgramThatDoesNotGuardSaysWhy) {
  const auto state =
      CoverageOf(kInspect, {{"2", 1000, false, ":0"}}, {Program(1000, "2", ":0", false)});
  EXPECT_EQ(state.coverage(), v1::COVERAGE_NOT_COVERED);
  EXPECT_THAT(state.why(), HasSubstr("no XFixes"));
  // Also where the login service knows nothing of the display.
  EXPECT_THAT(CoverageOf(kInspect, {}, {Program(1000, "", ":7", false)}).why(),
              HasSubstr("display :7"));
}

TEST(CoverageTest, WaylandIsAtMostPartial) {
  const std::vector<GraphicalSession> sessions{{"2", 1000, true, ""}};
  auto state = CoverageOf(kInspect, sessions, {});
  EXPECT_EQ(state.coverage(), v1::COVERAGE_NOT_COVERED);
  EXPECT_THAT(state.why(), HasSubstr("Wayland"));
  state = CoverageOf(kInspect, sessions, {Program(1000, "2", ":0")});
  EXPECT_EQ(state.coverage(), v1::COVERAGE_PARTIAL);
  EXPECT_THAT(state.why(), HasSubstr("XWayland"));
}

TEST(CoverageTest, AGuardedCompositorIsPartialAndSaysWhy) {
  ConnectedSession program = Program(1000, "2", "wayland-0");
  program.kind = v1::DISPLAY_KIND_WAYLAND;
  for (const auto& sessions :
       {std::vector<GraphicalSession>{{"2", 1000, true, ""}}, std::vector<GraphicalSession>{}}) {
    const auto state = CoverageOf(kInspect, sessions, {program});
    EXPECT_EQ(state.coverage(), v1::COVERAGE_PARTIAL);
    EXPECT_EQ(state.guarded(), 1U);
    EXPECT_THAT(state.why(), HasSubstr("does not say which program pastes"));
  }
}

TEST(CoverageTest, ACompositorThatCannotBeGuardedSaysWhy) {
  const std::vector<GraphicalSession> sessions{{"2", 1000, true, ""}};
  ConnectedSession program = Program(1000, "2", ":0");
  program.kind = v1::DISPLAY_KIND_XWAYLAND;
  program.why = "no data-control";
  auto state = CoverageOf(kInspect, sessions, {program});
  EXPECT_EQ(state.coverage(), v1::COVERAGE_PARTIAL);
  EXPECT_THAT(state.why(), HasSubstr("XWayland are guarded: no data-control"));
  program.guarding = false;  // there is no XWayland
  state = CoverageOf(kInspect, sessions, {program});
  EXPECT_EQ(state.coverage(), v1::COVERAGE_NOT_COVERED);
  EXPECT_THAT(state.why(), HasSubstr("no data-control"));
}

TEST(CoverageTest, ManyReasonsAreBounded) {
  std::vector<GraphicalSession> sessions;
  for (uid_t uid = 0; uid < 500; ++uid) sessions.push_back({std::to_string(uid), uid, false, ""});
  const auto state = CoverageOf(kInspect, sessions, {});
  EXPECT_LT(state.why().size(), 1000U);
  EXPECT_THAT(state.why(), HasSubstr("492 more"));
}

}  // namespace
}  // namespace shoumi::agent::clipboard
