#include "agent/ledger/series.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>

namespace shoumi::agent {
namespace {

std::vector<uint64_t> Ascending(const std::set<uint64_t>& keys) {
  return {keys.begin(), keys.end()};
}

// Against a map, with few keys so that they meet.
TEST(Series, CountsAsAMapWould) {
  constexpr size_t kMax = 20;
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    Series series;
    std::map<uint64_t, uint32_t> model;
    for (uint32_t minute = 100; minute < 130; ++minute) {
      std::set<uint64_t> keys;
      for (uint32_t i = random() % 8; i > 0; --i) keys.insert(random() % 40);
      const size_t dropped = series.Add(Ascending(keys), minute, kMax);
      for (const uint64_t key : keys) model[key] = minute;
      ASSERT_EQ(series.values().size(), std::min(model.size(), kMax));
      ASSERT_EQ(dropped, model.size() - series.values().size());
      // What has gone was not later than anything that is left.
      uint32_t oldest = UINT32_MAX;
      std::map<uint64_t, uint32_t> left;
      for (const Series::Value& value : series.values()) {
        ASSERT_EQ(model.at(value.key), value.minute);
        oldest = std::min(oldest, value.minute);
        left[value.key] = value.minute;
      }
      for (const auto& [key, time] : model) {
        ASSERT_TRUE(left.contains(key) || time <= oldest);
      }
      model = left;
      std::set<uint64_t> here;
      for (uint32_t i = random() % 8; i > 0; --i) here.insert(random() % 40);
      const uint32_t since = 95 + random() % 40;
      uint64_t expected = 0;
      for (const auto& [key, time] : model) {
        expected += time >= since && !here.contains(key) ? 1 : 0;
        EXPECT_EQ(series.Has(key, since), time >= since);
      }
      ASSERT_EQ(series.CountBesides(Ascending(here), since), expected);
    }
  }
}

TEST(Series, ATimeThatComesLateDoesNotMakeAValueOlder) {
  Series series;
  series.Add(std::array<uint64_t, 2>{1, 2}, 50, 10);
  series.Add(std::array<uint64_t, 1>{2}, 40, 10);
  EXPECT_EQ(series.CountBesides({}, 50), 2u);
  EXPECT_EQ(series.DropBefore(50), 0u);
  size_t more = 1;
  EXPECT_EQ(series.DropBefore(50, more), 1u);
  EXPECT_EQ(more, 0u);
  EXPECT_EQ(series.DropBefore(51), 1u);
  EXPECT_TRUE(series.values().empty());
}

}  // namespace
}  // namespace shoumi::agent
