#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "common/clock.h"

namespace shoumi::agent {

// Minutes for what is counted over time. While the agent runs nothing but time that passes moves
// them, sleep of the machine included: setting the wall clock neither loses nor prolongs anything.
// On disk times are those of the wall clock as it stands when they are written. Thread-safe.
class LedgerTime {
 public:
  // Goes on while the machine sleeps.
  using SinceBoot = std::function<std::chrono::nanoseconds()>;
  static std::chrono::nanoseconds RealSinceBoot();

  explicit LedgerTime(Clock& clock, SinceBoot since_boot = RealSinceBoot)
      : clock_(clock), since_boot_(std::move(since_boot)), start_(since_boot_()) {}

  [[nodiscard]] uint32_t Now() const;
  // Of now: minutes since 1970.
  [[nodiscard]] uint32_t WallNow() const;

 private:
  Clock& clock_;
  const SinceBoot since_boot_;
  const std::chrono::nanoseconds start_;
};

}  // namespace shoumi::agent
