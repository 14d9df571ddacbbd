#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "agent/channels/channel.h"
#include "agent/channels/usb/device_guard.h"
#include "agent/channels/usb/options.h"
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
  void GuardNew(const MountEntry& entry, const DeviceIdentity& identity);
  void CoverOthers(const std::vector<MountEntry>& table);
  void ReleaseEnded();
  void Failed(const std::string& what);

  const UsbOptions options_;
  EventSink* sink_ = nullptr;
  UniqueFd wake_;
  std::thread watch_;
  std::atomic<bool> stopping_{false};

  std::mutex ended_mutex_;
  std::set<dev_t> ended_;  // guards whose mount is gone

  mutable std::mutex mutex_;  // all below
  v1::UsbPolicy policy_;
  std::map<dev_t, std::unique_ptr<DeviceGuard>> guards_;  // by the lower file system
  std::set<int> covered_;                                 // further mounts, by mount id
  std::set<int> healed_;                  // mount ids whose dead guard was taken away
  std::map<int, std::string> uncovered_;  // mounts that could not be guarded, by mount id
};

}  // namespace shoumi::agent::usb
