#pragma once

#include <atomic>
#include <cstdint>

namespace shoumi::agent {

// Of indexes, since the start.
struct FetchCounters {
  std::atomic<uint64_t> bytes_fetched = 0;   // in messages, as they come
  std::atomic<uint64_t> bytes_copied = 0;    // from the version before
  std::atomic<uint64_t> deltas_refused = 0;  // bad or too slow; the whole was fetched instead
};

}  // namespace shoumi::agent
