#include "agent/ledger/ledger_time.h"

#include <algorithm>
#include <ctime>

namespace shoumi::agent {
namespace {

// Where the minutes begin: longer after 0 than anything is counted.
constexpr uint32_t kFirstMinute = 1U << 20;

}  // namespace

std::chrono::nanoseconds LedgerTime::RealSinceBoot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

uint32_t LedgerTime::Now() const {
  const auto passed = std::chrono::duration_cast<std::chrono::minutes>(since_boot_() - start_);
  return kFirstMinute + static_cast<uint32_t>(std::max<int64_t>(passed.count(), 0));
}

uint32_t LedgerTime::WallNow() const {
  const auto minutes =
      std::chrono::duration_cast<std::chrono::minutes>(clock_.WallNow().time_since_epoch());
  return static_cast<uint32_t>(std::clamp<int64_t>(minutes.count(), 0, UINT32_MAX));
}

}  // namespace shoumi::agent
