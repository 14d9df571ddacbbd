#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/channels/usb/change_watch.h"
#include "agent/channels/usb/device_identity.h"
#include "agent/channels/usb/early_changes.h"
#include "agent/channels/usb/fanotify_fence.h"
#include "agent/channels/usb/fuse_mount.h"
#include "agent/channels/usb/mount_table.h"
#include "agent/channels/usb/node_watch.h"
#include "agent/channels/usb/session.h"

namespace shoumi::agent::usb {

struct Fence {
  std::unique_ptr<FanotifyFence> opens;
  std::unique_ptr<ChangeWatch> names;
};

// One device under guard: its session over the mount point it was found at, and binds of that over
// further mounts of the same device. The mounts below are read-only meanwhile; the guard writes
// through one of its own. Not thread-safe.
class DeviceGuard {
 public:
  // `sealed`: the mount is read-only by our doing, not by the user's. `ended` as in
  // FuseMount.
  static absl::StatusOr<std::unique_ptr<DeviceGuard>> Guard(const MountEntry& entry, bool sealed,
                                                            const DeviceIdentity& identity,
                                                            const UsbOptions& options,
                                                            EventSink& sink,
                                                            const v1::UsbPolicy& policy,
                                                            std::function<void()> ended);
  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;
  // Gives the places back: the guard goes, the lower mounts stay as they were.
  ~DeviceGuard();

  void ApplyPolicy(const v1::UsbPolicy& policy);
  // What stands around the file system, for it to outlive the guard. The lower mounts stay
  // read-only then.
  Fence TakeFence();
  // Covers another mount of the same device with the guard, or the first one again. `table` is the
  // mount table.
  absl::Status Cover(const MountEntry& entry, bool sealed, const std::vector<MountEntry>& table);

  // Reports, and has judged, what programs changed on the device before the guard stood. Once, on a
  // thread of its own.
  void LookForEarlyChanges(const Period& period, EventSink& sink);

  [[nodiscard]] dev_t lower_device() const { return lower_.device; }
  // st_dev of its files; with btrfs another number than the mount table's.
  [[nodiscard]] dev_t root_device() const { return root_device_; }
  [[nodiscard]] dev_t guard_device() const { return fuse_->device(); }
  [[nodiscard]] bool ended() const { return fuse_->ended(); }
  // As FuseMount's.
  [[nodiscard]] bool WaitEnded(std::chrono::milliseconds time) const {
    return fuse_->WaitEnded(time);
  }
  [[nodiscard]] const MountEntry& lower() const { return lower_; }
  [[nodiscard]] const DeviceIdentity& identity() const { return identity_; }
  // Why the ways round the guard are not closed; empty when they are.
  [[nodiscard]] const std::string& weakness() const { return weakness_; }

 private:
  DeviceGuard(MountEntry lower, DeviceIdentity identity);
  // Whether programs may not write through the mount when the guard is not there.
  [[nodiscard]] static bool ReadOnly(const MountEntry& entry, bool sealed);
  void Seal(int mount, const MountEntry& entry, bool sealed);
  void RaiseFence(const UsbOptions& options, EventSink& sink);

  const MountEntry lower_;
  const DeviceIdentity identity_;
  int lower_root_ = -1;   // owned by the session
  std::set<int> sealed_;  // ids of mounts that were writable
  dev_t root_device_ = 0;
  std::string weakness_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<FanotifyFence> fence_;
  std::unique_ptr<NodeWatch> nodes_;
  std::unique_ptr<ChangeWatch> changes_;
  std::unique_ptr<FuseMount> fuse_;
  std::atomic<bool> stopping_{false};
  std::thread early_;
};

}  // namespace shoumi::agent::usb
