#include "rules/registry/row_numbers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "rules/registry/index.h"

namespace shoumi::registry {
namespace {

std::vector<RowHashes> SomeRows(size_t count) {
  std::mt19937_64 random(3);
  std::vector<RowHashes> rows(count);
  for (RowHashes& row : rows) row = {random(), random()};
  return rows;
}

size_t Moved(const std::vector<RowHashes>& before, const std::vector<RowHashes>& after) {
  std::map<uint64_t, uint32_t> was;
  const RowNumbers first = NumberRows(before).value();
  const RowNumbers second = NumberRows(after).value();
  for (size_t i = 0; i < before.size(); ++i) was[before[i].first] = first.of[i];
  size_t moved = 0;
  for (size_t i = 0; i < after.size(); ++i) {
    const auto found = was.find(after[i].first);
    moved += found != was.end() && found->second != second.of[i] ? 1 : 0;
  }
  return moved;
}

TEST(RowNumbersTest, EachIsItsOwnAndBelowTheirCount) {
  for (const size_t count : {size_t{0}, size_t{1}, size_t{2}, size_t{63}, size_t{5000}}) {
    const RowNumbers numbers = NumberRows(SomeRows(count)).value();
    ASSERT_EQ(numbers.of.size(), count);
    const std::set<uint32_t> once(numbers.of.begin(), numbers.of.end());
    EXPECT_EQ(once.size(), count);
    for (const uint32_t number : once) EXPECT_LT(number, numbers.numbers);
    EXPECT_LE(numbers.numbers, std::max<size_t>(64, 4 * count + 1));
  }
}

TEST(RowNumbersTest, OrderDoesNotCountAndFewOthersMove) {
  std::vector<RowHashes> rows = SomeRows(10'000);
  std::vector<RowHashes> other = rows;
  std::shuffle(other.begin(), other.end(), std::mt19937_64(9));
  EXPECT_EQ(Moved(rows, other), 0U);
  other = rows;
  for (size_t i = 0; i < 100; ++i) ++other[i].all;  // another telephone
  EXPECT_EQ(Moved(rows, other), 0U);
  other.erase(other.begin(), other.begin() + 100);
  EXPECT_LT(Moved(rows, other), 100U);
}

// Branches of one firm, and rows that are there twice: found, apart from each other, and again only
// few move.
TEST(RowNumbersTest, RowsThatAreAlikeAreSpread) {
  std::vector<RowHashes> rows = SomeRows(3000);
  for (size_t i = 0; i < 1000; ++i) rows[i].first = 7;
  for (size_t i = 1000; i < 2000; ++i) rows[i] = {8, 9};
  const RowNumbers numbers = NumberRows(rows).value();
  const std::set<uint32_t> once(numbers.of.begin(), numbers.of.end());
  EXPECT_EQ(once.size(), rows.size());
  EXPECT_EQ(numbers.numbers, 8192U);
  std::vector<RowHashes> fewer(rows.begin() + 10, rows.end());
  const RowNumbers after = NumberRows(fewer).value();
  size_t moved = 0;
  for (size_t i = 0; i < fewer.size(); ++i) moved += numbers.of[i + 10] == after.of[i] ? 0 : 1;
  EXPECT_LT(moved, 60U);
}

}  // namespace
}  // namespace shoumi::registry
