#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "agent/channels/channel.h"
#include "common/bounded_queue.h"
#include "common/fd.h"

namespace shoumi::agent::usb {

// Denies every open on a guarded file system that does not come through the guard, whichever mount
// it is tried through. One thread answers the kernel and does nothing else; another reports, with a
// bound.
class FanotifyFence {
 public:
  // Whether the mount the fence is raised through is the guard's own, where opens raise no events.
  enum class Through { kAllowed, kDenied };

  // `mount`: a descriptor of any folder of the file system.
  static absl::StatusOr<std::unique_ptr<FanotifyFence>> Raise(int mount, Through through,
                                                              std::string device, EventSink& sink);
  FanotifyFence(const FanotifyFence&) = delete;
  FanotifyFence& operator=(const FanotifyFence&) = delete;
  // Takes all marks away.
  ~FanotifyFence();

 private:
  static constexpr size_t kReportsMax = 256;

  FanotifyFence(UniqueFd group, UniqueFd stop, std::string device, EventSink& sink);
  void Answer();
  bool AnswerBatch();
  void ReportDenied();

  UniqueFd group_;
  UniqueFd stop_;
  const std::string device_;
  EventSink& sink_;
  BoundedQueue<pid_t> denied_{kReportsMax};
  std::atomic<bool> stopping_{false};
  std::thread answers_;
  std::thread reports_;
};

}  // namespace shoumi::agent::usb
