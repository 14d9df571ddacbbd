#include "server/identity/login_throttle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoumi::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class LoginThrottleTest : public testing::Test {
 protected:
  LoginThrottle Make() { return {limits, clock}; }
  // A guess that does not meet the bound of all sources together.
  bool Guess(LoginThrottle& throttle, std::string_view network, std::string_view user) {
    clock.Advance(milliseconds(1000) / limits.checks_per_second_max);
    return throttle.Attempt({network, user}).ok();
  }

  FakeClock clock;
  LoginLimits limits;
};

TEST_F(LoginThrottleTest, DefaultsAreTheDocumentedOnes) {
  EXPECT_EQ(limits.window, seconds(60));
  EXPECT_EQ(limits.failures_per_source_max, 5U);
  EXPECT_EQ(limits.failures_per_network_max, 30U);
  EXPECT_EQ(limits.checks_per_second_max, 10U);
  EXPECT_EQ(limits.sources_max, 10'000U);
  EXPECT_EQ(limits.known_sources_max, 1'000U);
}

TEST_F(LoginThrottleTest, ASourceWaitsAndNoOther) {
  LoginThrottle throttle = Make();
  for (uint32_t i = 0; i < limits.failures_per_source_max; ++i) {
    EXPECT_TRUE(throttle.Attempt({"192.0.2.7", "admin"}).ok());
  }
  clock.Advance(seconds(20));
  const auto refused = throttle.Attempt({"192.0.2.7", "admin"});
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("try again in 40 s"));
  EXPECT_TRUE(throttle.Attempt({"192.0.2.7", "other"}).ok());
  EXPECT_TRUE(throttle.Attempt({"192.0.2.8", "admin"}).ok());
  clock.Advance(seconds(40));
  EXPECT_TRUE(throttle.Attempt({"192.0.2.7", "admin"}).ok());
}

TEST_F(LoginThrottleTest, ANetworkThatTriesManyNamesWaits) {
  LoginThrottle throttle = Make();
  for (uint32_t i = 0; i < limits.failures_per_network_max; ++i) {
    EXPECT_TRUE(Guess(throttle, "192.0.2.7", "user" + std::to_string(i)));
  }
  EXPECT_FALSE(Guess(throttle, "192.0.2.7", "admin"));
  EXPECT_TRUE(Guess(throttle, "192.0.2.8", "admin"));
  clock.Advance(limits.window);
  EXPECT_TRUE(Guess(throttle, "192.0.2.7", "admin"));
}

TEST_F(LoginThrottleTest, AKnownSourceDoesNotWaitForItsNetwork) {
  LoginThrottle throttle = Make();
  ASSERT_TRUE(throttle.Attempt({"192.0.2.7", "admin"}).ok());
  throttle.Forgive({"192.0.2.7", "admin"});
  for (uint32_t i = 0; i < limits.failures_per_network_max; ++i) {
    EXPECT_TRUE(Guess(throttle, "192.0.2.7", "user" + std::to_string(i)));
  }
  EXPECT_FALSE(Guess(throttle, "192.0.2.7", "other"));
  EXPECT_TRUE(Guess(throttle, "192.0.2.7", "admin"));
}

TEST_F(LoginThrottleTest, TheRightPasswordGivesTheAttemptBack) {
  LoginThrottle throttle = Make();
  for (uint32_t i = 0; i < 3 * limits.failures_per_network_max; ++i) {
    ASSERT_TRUE(Guess(throttle, "192.0.2.7", "admin")) << i;
    throttle.Forgive({"192.0.2.7", "admin"});
  }
}

TEST_F(LoginThrottleTest, ManySourcesShareOneBoundKnownOnesDoNot) {
  LoginThrottle throttle = Make();
  ASSERT_TRUE(throttle.Attempt({"192.0.2.7", "admin"}).ok());
  throttle.Forgive({"192.0.2.7", "admin"});
  clock.Advance(seconds(1));
  for (uint32_t i = 0; i < limits.checks_per_second_max; ++i) {
    EXPECT_TRUE(throttle.Attempt({"198.51.100." + std::to_string(i), "admin"}).ok());
  }
  const auto refused = throttle.Attempt({"203.0.113.9", "admin"});
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("in a second"));
  EXPECT_TRUE(throttle.Attempt({"192.0.2.7", "admin"}).ok());
  EXPECT_FALSE(throttle.Attempt({"192.0.2.7", "other"}).ok()) << "the user is part of the source";
  clock.Advance(milliseconds(1000));
  EXPECT_TRUE(throttle.Attempt({"203.0.113.9", "admin"}).ok());
}

TEST_F(LoginThrottleTest, MemoryIsBoundedAndTheOldestGoes) {
  limits.sources_max = 8;
  limits.known_sources_max = 4;
  LoginThrottle throttle = Make();
  for (int i = 0; i < 100; ++i) {
    const std::string network = "192.0.2." + std::to_string(i);
    EXPECT_TRUE(Guess(throttle, network, "right"));
    throttle.Forgive({network, "right"});
    EXPECT_TRUE(Guess(throttle, network, "wrong"));
    EXPECT_LE(throttle.remembered(), limits.sources_max + limits.known_sources_max);
  }
  // The latest of the known ones is still known, the first is not.
  for (uint32_t i = 0; i < limits.checks_per_second_max; ++i) {
    (void)throttle.Attempt({"198.51.100." + std::to_string(i), "admin"});
  }
  EXPECT_TRUE(throttle.Attempt({"192.0.2.99", "right"}).ok());
  EXPECT_FALSE(throttle.Attempt({"192.0.2.0", "right"}).ok());
}

}  // namespace
}  // namespace shoumi::server
