#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "shoumi/v1/incident.pb.h"

namespace shoumi::agent {

// Keeps an agent event that repeats, such as somebody hammering at a guard, from filling the spool:
// the first is let through, equal ones within the window become one with their count. Thread-safe.
class EventFolder {
 public:
  struct Folded {
    v1::AgentEvent::Kind kind = v1::AgentEvent::KIND_UNSPECIFIED;
    std::string detail;
    uint64_t count = 0;
  };
  static constexpr std::chrono::seconds kWindow{10};
  static constexpr size_t kKindsMax = 256;  // different events counted at a time

  explicit EventFolder(Clock& clock) : clock_(clock) {}

  // True when the event is to be recorded now; else it has been counted.
  bool Admit(v1::AgentEvent::Kind kind, const std::string& detail);
  // What was counted and whose window is over; everything when `all`.
  std::vector<Folded> Take(bool all);

 private:
  struct Window {
    Clock::Steady start;
    uint64_t repeats = 0;
  };
  Clock& clock_;
  std::mutex mutex_;
  std::map<std::pair<int, std::string>, Window> windows_;
};

}  // namespace shoumi::agent
