#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/channels/channel.h"
#include "agent/channels/usb/device_guard.h"
#include "agent/channels/usb/node_protection.h"
#include "agent/channels/usb/options.h"
#include "agent/channels/usb/sealing.h"
#include "common/fd.h"

namespace shoumi::agent::usb {

// Guards every mount of a removable device, at start and as they appear. Needs root and /dev/fuse.
// Thread-safe.
class UsbChannel final : public Channel {
 public:
  explicit UsbChannel(UsbOptions options) : options_(std::move(options)) {}
  ~UsbChannel() override { Stop(); }

  absl::Status Start(EventSink& sink) override;
  void ApplyPolicy(const v1::Policy& policy) override;
  void Stop() override;
  [[nodiscard]] v1::ChannelState State() const override;

 private:
  void Watch();
  void Scan();
  // Dead guards of an agent that was killed; true when one was taken away.
  bool Heal(const std::vector<MountEntry>& table);
  [[nodiscard]] bool OwnGuard(dev_t device) const;
  // Makes what was mounted from a sealed device writable, for the guard alone. `entry` is what
  // the mount table says then.
  void OpenSealed(MountEntry& entry, const DeviceIdentity& identity);
  void GuardNew(MountEntry entry, const DeviceIdentity& identity);
  // Every mount of a guarded device but the guard's own lies below the guard, or goes with it.
  void CoverAll(const std::vector<MountEntry>& table);
  void Cover(DeviceGuard& guard, const MountEntry& entry, const std::vector<MountEntry>& table);
  // The user unmounted the guard, or the device went: the lower mounts go as well.
  void ReleaseEnded();
  void Release(dev_t device, const std::string& why);
  // Guards whose mount is gone here, but lives on in another namespace or with an open file, when
  // the device is mounted again.
  void ReleaseOutlived(const std::vector<MountEntry>& table);
  // Removable devices that only other mount namespaces have mounted: nothing is opened there.
  void FenceForeign(const std::vector<MountEntry>& table);
  void ProtectNodes();
  void WatchArrivals();
  // Whether policy wants nobody to write to the device, whether by its node or by a mount, but
  // through the guard.
  [[nodiscard]] bool Closed(const v1::Device& device) const;
  [[nodiscard]] std::vector<const Arrival*> Sealed() const;
  [[nodiscard]] std::vector<const Arrival*> Open() const;
  void ReportOpen(dev_t files, const std::string& source);
  void Failed(const std::string& what);

  const UsbOptions options_;
  EventSink* sink_ = nullptr;
  UniqueFd wake_;
  std::thread watch_;
  std::unique_ptr<Arrivals> arrivals_;
  std::atomic<bool> stopping_{false};

  mutable std::mutex mutex_;  // all below
  bool watching_ = false;     // the first look is over; a mount that appears now is a new one
  v1::UsbPolicy policy_;
  std::map<dev_t, std::unique_ptr<DeviceGuard>> guards_;  // by the lower file system
  std::set<int> covered_;                                 // mounts with a guard on top, by mount id
  std::set<int> healed_;                                  // whose dead guard was taken away
  std::set<int> sealed_;     // mounts that are read-only by our doing, by mount id
  std::set<dev_t> mounted_;  // here or in another namespace, when last looked
  Sealing sealing_;
  std::vector<std::pair<Sealing::Time, Fence>> lingering_;   // of guards that went, until when
  std::map<dev_t, std::unique_ptr<FanotifyFence>> foreign_;  // null: not fenced, by policy
  NodeProtection protection_;
  timespec scanned_{};                    // when the mount table was read last
  std::map<int, std::string> uncovered_;  // mounts that could not be guarded, by mount id
  std::set<int> hidden_;                  // of these, those with something else on top
};

}  // namespace shoumi::agent::usb
