#include "agent/channels/clipboard/warnings.h"

#include <gtest/gtest.h>

namespace shoumi::agent::clipboard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(WarningsTest, APasteGoesOnBetweenItsTimes) {
  Warnings warnings(10, seconds(1));
  const Warnings::Time start{};
  EXPECT_FALSE(warnings.MayGoOn("a", seconds(60), start));
  warnings.Warn("a", seconds(60), start);
  EXPECT_FALSE(warnings.MayGoOn("a", seconds(60), start + milliseconds(999)));
  EXPECT_TRUE(warnings.MayGoOn("a", seconds(60), start + seconds(1)));
  EXPECT_TRUE(warnings.MayGoOn("a", seconds(60), start + seconds(60)));
  EXPECT_FALSE(warnings.MayGoOn("a", seconds(60), start + milliseconds(60'001)));
  EXPECT_FALSE(warnings.MayGoOn("b", seconds(60), start + seconds(2)));
}

TEST(WarningsTest, AskingAgainAtOnceDoesNotMoveTheTime) {
  Warnings warnings(10, seconds(1));
  const Warnings::Time start{};
  warnings.Warn("a", seconds(60), start);
  warnings.Warn("a", seconds(60), start + milliseconds(900));
  EXPECT_TRUE(warnings.MayGoOn("a", seconds(60), start + seconds(1)));
  // Too late is a first time again.
  warnings.Warn("a", seconds(60), start + seconds(100));
  EXPECT_FALSE(warnings.MayGoOn("a", seconds(60), start + milliseconds(100'500)));
  EXPECT_TRUE(warnings.MayGoOn("a", seconds(60), start + seconds(101)));
}

TEST(WarningsTest, TheOldestAreForgotten) {
  Warnings warnings(3, seconds(1));
  const Warnings::Time start{};
  for (int i = 0; i < 5; ++i) {
    warnings.Warn(std::to_string(i), seconds(60), start + milliseconds(i));
  }
  EXPECT_EQ(warnings.size(), 3U);
  EXPECT_FALSE(warnings.MayGoOn("1", seconds(60), start + seconds(5)));
  EXPECT_TRUE(warnings.MayGoOn("2", seconds(60), start + seconds(5)));
  warnings.Clear();
  EXPECT_FALSE(warnings.MayGoOn("4", seconds(60), start + seconds(5)));
}

}  // namespace
}  // namespace shoumi::agent::clipboard
