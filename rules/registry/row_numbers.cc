#include "rules/registry/row_numbers.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "fmt/format.h"
#include "rules/registry/index.h"

namespace shoumi::registry {
namespace {

constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio
constexpr uint64_t kNumbersMin = 64;
constexpr uint64_t kTailPart = 64;  // one of so many numbers is for rows that others pushed there

struct Home {
  uint64_t hash = 0;
  uint32_t row = 0;
};

}  // namespace

absl::StatusOr<RowNumbers> NumberRows(const std::vector<RowHashes>& rows) {
  std::vector<Home> homes(rows.size());
  for (uint32_t row = 0; row < homes.size(); ++row) homes[row].row = row;
  std::sort(homes.begin(), homes.end(), [&rows](const Home& a, const Home& b) {
    return std::tuple(rows[a.row].first, rows[a.row].all, a.row) <
           std::tuple(rows[b.row].first, rows[b.row].all, b.row);
  });
  // One of the rows with the same first value is known by it, each other by all that it says, and
  // rows that say the same by how many of them there are.
  uint64_t same = 0;
  for (size_t i = 0; i < homes.size(); ++i) {
    const RowHashes& row = rows[homes[i].row];
    const RowHashes before = i == 0 ? RowHashes() : rows[homes[i - 1].row];
    const bool shares_first = i > 0 && before.first == row.first;
    same = shares_first && before.all == row.all ? same + 1 : 0;
    homes[i].hash = shares_first ? (row.all ^ same) * kOdd : row.first;
  }
  std::sort(homes.begin(), homes.end(), [&rows](const Home& a, const Home& b) {
    return std::tuple(a.hash, rows[a.row].all, a.row) < std::tuple(b.hash, rows[b.row].all, b.row);
  });
  const uint64_t space =
      std::clamp<uint64_t>(std::bit_ceil(2 * rows.size()), kNumbersMin, kRowsMax);
  const uint64_t range = space - space / kTailPart;
  RowNumbers numbers;
  numbers.of.resize(rows.size());
  uint64_t next = 0;
  for (const Home& home : homes) {
    next = std::max(next, (home.hash >> 32) * range >> 32);
    if (next >= kRowsMax) {
      return absl::ResourceExhaustedError(fmt::format("more than {} rows", kRowsMax));
    }
    numbers.of[home.row] = static_cast<uint32_t>(next++);
  }
  numbers.numbers = static_cast<uint32_t>(std::max(space, next));
  return numbers;
}

}  // namespace shoumi::registry
