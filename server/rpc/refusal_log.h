#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/clock.h"

namespace shoumi::server {

struct RefusalLogLimits {
  std::chrono::seconds window{60};
  uint32_t lines_per_source_max = 20;
  uint32_t lines_max = 300;  // also bounds the sources that are remembered
};

// Log lines that whoever is refused can cause at will. What a bound keeps out of the log is counted
// and summed up there when the window is over. Thread-safe.
class RefusalLog {
 public:
  // `clock` outlives the object.
  RefusalLog(const RefusalLogLimits& limits, const Clock& clock) : limits_(limits), clock_(clock) {}
  ~RefusalLog();
  RefusalLog(const RefusalLog&) = delete;
  RefusalLog& operator=(const RefusalLog&) = delete;

  // Says that `call` from the address `peer` was refused for who calls, or for calling too often;
  // other errors are for the caller alone.
  void Call(std::string_view call, std::string_view peer, const absl::Status& status);
  // Any other refusal; `source` is what its lines are counted by.
  void Line(std::string_view source, std::string_view text);
  // Sums up a window that is over.
  void Tick();

  [[nodiscard]] uint64_t refusals() const { return refusals_; }
  [[nodiscard]] uint64_t suppressed() const { return suppressed_; }

 private:
  struct Source {
    uint32_t lines = 0;
    uint64_t suppressed = 0;
  };

  // False when a bound is met; the line is counted then.
  bool Take(std::string_view source);
  void EndWindowLocked(Clock::Steady now);

  const RefusalLogLimits limits_;
  const Clock& clock_;
  std::atomic<uint64_t> refusals_ = 0;
  std::atomic<uint64_t> suppressed_ = 0;
  std::mutex mutex_;  // all below: of the window
  Clock::Steady since_;
  uint32_t lines_ = 0;
  uint64_t suppressed_now_ = 0;
  std::map<std::string, Source, std::less<>> sources_;
};

}  // namespace shoumi::server
