#include "server/rpc/refusal_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fmt/format.h"
#include "server/rpc/testing/log_capture.h"

namespace shoumi::server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class RefusalLogTest : public testing::Test {
 protected:
  [[nodiscard]] int64_t Lines() const {
    const std::string text = log.text();
    return std::count(text.begin(), text.end(), '\n');
  }
  static void Refuse(RefusalLog& refusals, const std::string& peer, int times) {
    for (int i = 0; i < times; ++i) {
      refusals.Call("login", peer, absl::UnauthenticatedError("user or password is wrong"));
    }
  }

  FakeClock clock;
  LogCapture log;
  RefusalLogLimits limits;
};

TEST_F(RefusalLogTest, DefaultsAreTheDocumentedOnes) {
  EXPECT_EQ(limits.window, std::chrono::seconds(60));
  EXPECT_EQ(limits.lines_per_source_max, 20U);
  EXPECT_EQ(limits.lines_max, 300U);
}

TEST_F(RefusalLogTest, OnlyRefusalsAreSaid) {
  RefusalLog refusals(limits, clock);
  refusals.Call("login", "192.0.2.7", absl::OkStatus());
  refusals.Call("login", "192.0.2.7", absl::InvalidArgumentError("x"));
  EXPECT_EQ(Lines(), 0);
  refusals.Call("enrolment", "192.0.2.7", absl::PermissionDeniedError("no such token"));
  EXPECT_EQ(log.text(), "enrolment from 192.0.2.7 refused: no such token\n");
  EXPECT_EQ(refusals.refusals(), 1U);
}

TEST_F(RefusalLogTest, ASourceBeyondItsLinesIsSummedUp) {
  RefusalLog refusals(limits, clock);
  Refuse(refusals, "2001:db8::1", 15);
  Refuse(refusals, "2001:db8::2", 15);  // the same network
  Refuse(refusals, "192.0.2.7", 1);
  EXPECT_EQ(Lines(), 21);
  EXPECT_THAT(log.text(), HasSubstr("login from 192.0.2.7 refused"));
  EXPECT_EQ(refusals.refusals(), 31U);
  EXPECT_EQ(refusals.suppressed(), 10U);
  refusals.Tick();
  EXPECT_EQ(Lines(), 21) << "the window is not over";
  clock.Advance(limits.window);
  refusals.Tick();
  refusals.Tick();
  EXPECT_EQ(Lines(), 22);
  EXPECT_THAT(log.text(), EndsWith("10 more suppressed: refusals of the last 60 s beyond the log's "
                                   "bounds, 10 of them from 2001:db8::\n"));
  Refuse(refusals, "2001:db8::1", 1);
  EXPECT_EQ(Lines(), 23);
}

TEST_F(RefusalLogTest, ManySourcesShareABound) {
  {
    RefusalLog refusals(limits, clock);
    for (uint32_t i = 0; i < limits.lines_max + 50; ++i) {
      refusals.Line(fmt::format("device {}", i), "session ended");
    }
    EXPECT_EQ(Lines(), limits.lines_max);
  }
  EXPECT_EQ(Lines(), limits.lines_max + 1) << "what is left is said at the end";
  EXPECT_THAT(log.text(), EndsWith("\n50 more suppressed: refusals of the last 60 s beyond the "
                                   "log's bounds\n"));
}

}  // namespace
}  // namespace shoumi::server
