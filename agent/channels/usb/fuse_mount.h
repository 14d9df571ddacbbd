#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "agent/channels/usb/fuse_api.h"
#include "agent/channels/usb/session.h"

namespace shoumi::agent::usb {

struct FuseMountOptions {
  std::string mount_point;
  std::string device;  // shown as the mount's source
  bool read_only = false;
  bool no_exec = false;
  uint32_t threads_max = 12;
};

// A session mounted over a mount point, with the threads that serve it.
class FuseMount {
 public:
  // `ended` is called once, on a thread of its own, when the mount is gone for whatever reason.
  static absl::StatusOr<std::unique_ptr<FuseMount>> Mount(Session& session,
                                                          const FuseMountOptions& options,
                                                          std::function<void()> ended);
  FuseMount(const FuseMount&) = delete;
  FuseMount& operator=(const FuseMount&) = delete;
  // Ends the mount wherever it is by now: open files get ENOTCONN from then on.
  ~FuseMount();

  // st_dev of the mounted file system.
  [[nodiscard]] dev_t device() const { return device_; }
  // True before `ended` is called.
  [[nodiscard]] bool ended() const { return ended_; }
  // Waits until it has ended, or for `time`; ended().
  [[nodiscard]] bool WaitEnded(std::chrono::milliseconds time) const;
  void Unmount();

 private:
  FuseMount(Session& session, FuseMountOptions options)
      : session_(session), options_(std::move(options)) {}

  Session& session_;
  const FuseMountOptions options_;
  fuse_session* fuse_ = nullptr;
  dev_t device_ = 0;
  std::atomic<bool> ended_{false};
  mutable std::mutex end_mutex_;
  mutable std::condition_variable end_;
  std::thread loop_;
};

}  // namespace shoumi::agent::usb
