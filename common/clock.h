#pragma once

#include <chrono>

namespace shoumi {

// Time as the product sees it. Tests step a FakeClock instead of sleeping.
// Implementations are thread-safe.
class Clock {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  using Wall = std::chrono::system_clock::time_point;
  virtual ~Clock() = default;
  [[nodiscard]] virtual Steady Now() const = 0;
  [[nodiscard]] virtual Wall WallNow() const = 0;

  static Clock& Real();
};

class FakeClock final : public Clock {
 public:
  [[nodiscard]] Steady Now() const override { return steady_; }
  [[nodiscard]] Wall WallNow() const override { return wall_; }
  void Advance(std::chrono::nanoseconds by) {
    steady_ += std::chrono::duration_cast<Steady::duration>(by);
    wall_ += std::chrono::duration_cast<Wall::duration>(by);
  }
  void JumpWall(std::chrono::nanoseconds by) {
    wall_ += std::chrono::duration_cast<Wall::duration>(by);
  }

 private:
  Steady steady_{};
  Wall wall_{};
};

}  // namespace shoumi
