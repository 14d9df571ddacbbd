#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace shoumi::agent {

// Exponential back-off with full jitter: anything between nothing and the ceiling, so that a fleet
// whose server comes back does not come back all at once. Not thread-safe.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{1000};
  static constexpr std::chrono::milliseconds kMax{60'000};

  // `random` is uniform over all 32-bit values.
  std::chrono::milliseconds Next(uint32_t random) {
    const std::chrono::milliseconds ceiling = ceiling_;
    ceiling_ = std::min(kMax, ceiling_ * 2);
    return std::chrono::milliseconds(
        static_cast<int64_t>(static_cast<uint64_t>(ceiling.count()) * random / UINT32_MAX));
  }
  void Reset() { ceiling_ = kFirst; }

 private:
  std::chrono::milliseconds ceiling_ = kFirst;
};

}  // namespace shoumi::agent
