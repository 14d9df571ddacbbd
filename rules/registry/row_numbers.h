#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

namespace shoumi::registry {

// What the number of a row comes from.
struct RowHashes {
  uint64_t first = 0;  // of its first value
  uint64_t all = 0;    // of all its values and its level
};

struct RowNumbers {
  std::vector<uint32_t> of;  // by row, in the order in which they were given
  uint32_t numbers = 0;      // all are below
};

// Numbers for rows, each its own and below kRowsMax. They depend on what the rows say and not on
// their order, and rows that come, go or change leave the numbers of nearly all others as they are:
// a row keeps its number as long as it keeps its first value and no other row has the same.
absl::StatusOr<RowNumbers> NumberRows(const std::vector<RowHashes>& rows);

}  // namespace shoumi::registry
