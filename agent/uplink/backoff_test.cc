#include "agent/uplink/backoff.h"

#include <gtest/gtest.h>

namespace shoumi::agent {
namespace {

TEST(Backoff, FullJitterUpToADoublingCeiling) {
  Backoff backoff;
  EXPECT_EQ(backoff.Next(UINT32_MAX).count(), 1000);
  EXPECT_EQ(backoff.Next(0).count(), 0);
  EXPECT_EQ(backoff.Next(UINT32_MAX).count(), 4000);
  EXPECT_NEAR(static_cast<double>(backoff.Next(UINT32_MAX / 2).count()), 4000.0, 1.0);
  for (int i = 0; i < 20; ++i) EXPECT_LE(backoff.Next(UINT32_MAX), Backoff::kMax);
  EXPECT_EQ(backoff.Next(UINT32_MAX), Backoff::kMax);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(UINT32_MAX).count(), 1000);
}

}  // namespace
}  // namespace shoumi::agent
