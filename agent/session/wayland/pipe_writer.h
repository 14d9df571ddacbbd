#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/session/guard/limits.h"
#include "agent/session/guard/stored_bytes.h"
#include "common/fd.h"

namespace shoumi::session {

// Content on its way into the descriptors of those who paste. One thread; nothing here waits for
// them. SIGPIPE must be ignored.
class PipeWriter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit PipeWriter(const GuardLimits& limits) : limits_(limits) {}

  // False when too many are on their way; the descriptor is closed.
  bool Write(UniqueFd fd, std::shared_ptr<const StoredBytes> bytes, Time now);
  void AddTo(std::vector<pollfd>& fds) const;
  // What poll(2) has said of them.
  void OnPolled(const std::vector<pollfd>& fds, Time now);
  // Ends what nobody takes any more.
  void OnTime(Time now);
  [[nodiscard]] Time deadline() const;  // Time::max() when there are none

 private:
  struct Transfer {
    UniqueFd fd;
    std::shared_ptr<const StoredBytes> bytes;
    uint64_t offset = 0;
    Time until;
    bool over = false;
  };
  void Advance(Transfer& transfer, Time now);

  const GuardLimits& limits_;
  std::vector<Transfer> going_;
};

}  // namespace shoumi::session
