#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "common/clock.h"

namespace shoumi::server {

// Bounds of password guessing. A source is one user from one network.
struct LoginLimits {
  std::chrono::seconds window{60};
  uint32_t failures_per_source_max = 5;    // in a window; then this source waits, no other
  uint32_t failures_per_network_max = 30;  // in a window, of all users; known sources do not wait
  // Passwords of all sources together that argon2id checks in a second; known sources come on top.
  uint32_t checks_per_second_max = 10;
  size_t sources_max = 10'000;       // sources and networks with failures that are remembered
  size_t known_sources_max = 1'000;  // sources with the right password that are remembered
};

// Who may have a password checked. A guesser slows down only itself: other networks keep their own
// attempts, and a source that had the right password before does not share the bound of all. The
// oldest entry goes when a table is full. Thread-safe.
class LoginThrottle {
 public:
  struct Source {
    std::string_view network;
    std::string_view user;  // not empty
  };

  LoginThrottle(const LoginLimits& limits, const Clock& clock) : limits_(limits), clock_(clock) {}

  // Takes one attempt, which counts as a failure until Forgive. ResourceExhausted beyond a bound;
  // nothing is taken then.
  absl::Status Attempt(const Source& source);
  // The password was right.
  void Forgive(const Source& source);

  [[nodiscard]] size_t remembered() const;  // entries of all tables

 private:
  using Key = std::pair<std::string, std::string>;  // network, user; no user: the whole network
  struct Failures {
    Clock::Steady since;
    uint32_t count = 0;
  };

  // What is left of the window when the key has used up `failures_max`, else zero.
  std::chrono::seconds WaitOf(const Key& key, uint32_t failures_max, Clock::Steady now) const;
  void Count(Key key, Clock::Steady now);
  absl::Status CountCheck(Clock::Steady now);

  const LoginLimits limits_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<Key, Failures> failures_;
  std::map<Key, Clock::Steady> known_;  // when the right password came last
  Failures checks_;                     // of this second
};

}  // namespace shoumi::server
