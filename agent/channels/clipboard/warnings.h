#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace shoumi::agent::clipboard {

// Pastes that were warned of, by what they were: who, into which program, which content. Bounded;
// the oldest are forgotten first, which makes the next paste a first one again. Thread-safe.
class Warnings {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // A paste goes on when it comes between `min` and the policy's time after its warning.
  Warnings(uint32_t warnings_max, std::chrono::milliseconds min)
      : warnings_max_(warnings_max), min_(min) {}

  [[nodiscard]] bool MayGoOn(const std::string& what, std::chrono::seconds max, Time now) const;
  // What is warned of already, and not too long ago, keeps its time.
  void Warn(const std::string& what, std::chrono::seconds max, Time now);
  // Another policy: what it warns of it says itself.
  void Clear();
  [[nodiscard]] size_t size() const;

 private:
  const uint32_t warnings_max_;
  const std::chrono::milliseconds min_;
  mutable std::mutex mutex_;
  std::map<std::string, Time> warned_;
};

}  // namespace shoumi::agent::clipboard
