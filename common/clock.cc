#include "common/clock.h"

namespace shoumi {
namespace {

class RealClock final : public Clock {
 public:
  [[nodiscard]] Steady Now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] Wall WallNow() const override { return std::chrono::system_clock::now(); }
};

}  // namespace

Clock& Clock::Real() {
  static RealClock clock;
  return clock;
}

}  // namespace shoumi
