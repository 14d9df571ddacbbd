#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/channels/usb/device_identity.h"
#include "agent/channels/usb/options.h"
#include "common/fd.h"

struct udev;
struct udev_monitor;

namespace shoumi::agent::usb {

// A removable device that is there, mounted or not; of a disk with partitions, each partition.
struct Arrival {
  dev_t number = 0;
  DeviceIdentity identity;  // its file_system as the super block has it
  bool mounts_sealed = false;
};

// Looks at the removable devices when the kernel announces one, by itself and before udev's rules
// run, and when asked. On a thread of its own: a device that does not answer holds up nobody but
// those that arrive behind it.
class Arrivals {
 public:
  using Changed = std::function<void(std::vector<Arrival>)>;

  // `changed` is called on the thread with all there are, after each look. The first look has been
  // taken when this returns, if it took no longer than `first_ms_max`.
  static absl::StatusOr<std::unique_ptr<Arrivals>> Watch(const UsbOptions& options,
                                                         std::chrono::milliseconds first_ms_max,
                                                         Changed changed);
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;
  ~Arrivals();

  // Looks now, and several times a second until `settle_ms` are over: the kernel ends a file system
  // some time after its last mount went, and announces nothing.
  void LookAgain(std::chrono::milliseconds settle_ms);

 private:
  struct MonitorRelease {
    void operator()(udev* u) const;
    void operator()(udev_monitor* m) const;
  };
  using Time = std::chrono::steady_clock::time_point;

  Arrivals(const UsbOptions& options, Changed changed);
  absl::Status Listen();
  void Run();
  [[nodiscard]] int WaitMs();
  void Look();

  const UsbOptions options_;
  const Changed changed_;
  std::unique_ptr<udev, MonitorRelease> udev_;
  std::unique_ptr<udev_monitor, MonitorRelease> monitor_;
  UniqueFd wake_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable looked_;
  bool looked_once_ = false;
  Time settle_until_;
  std::thread thread_;
};

}  // namespace shoumi::agent::usb
