#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/channels/usb/device_identity.h"
#include "agent/channels/usb/fuse_mount.h"
#include "agent/channels/usb/mount_table.h"
#include "agent/channels/usb/session.h"

namespace shoumi::agent::usb {

// One device under guard: its session over the mount point it was found at, and binds of that over
// further mounts of the same device. Not thread-safe.
class DeviceGuard {
 public:
  // `ended` as in FuseMount.
  static absl::StatusOr<std::unique_ptr<DeviceGuard>> Guard(
      const MountEntry& entry, const DeviceIdentity& identity, const UsbOptions& options,
      EventSink& sink, const v1::UsbPolicy& policy, std::function<void()> ended);
  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;
  // Gives the place back: the guard goes, the lower mount stays as it was.
  ~DeviceGuard();

  void ApplyPolicy(const v1::UsbPolicy& policy);
  // Covers another mount of the same device with the guard.
  absl::Status Cover(const MountEntry& entry);

  [[nodiscard]] dev_t lower_device() const { return lower_.device; }
  [[nodiscard]] dev_t guard_device() const { return fuse_->device(); }
  [[nodiscard]] const MountEntry& lower() const { return lower_; }
  [[nodiscard]] const DeviceIdentity& identity() const { return identity_; }
  [[nodiscard]] int lower_root() const { return lower_root_; }

 private:
  DeviceGuard(MountEntry lower, DeviceIdentity identity);

  const MountEntry lower_;
  const DeviceIdentity identity_;
  int lower_root_ = -1;  // owned by the session
  std::vector<std::string> covers_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<FuseMount> fuse_;
};

// What programs had open for writing on `device` before the guard: "PID (program)" each.
std::vector<std::string> OpenForWriting(dev_t device);

}  // namespace shoumi::agent::usb
