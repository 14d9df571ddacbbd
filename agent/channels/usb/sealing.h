#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/channels/usb/arrivals.h"
#include "agent/channels/usb/node_protection.h"

namespace shoumi::agent::usb {

// Which devices that no guard has are to be read-only: what is mounted from them is so too, until
// its guard stands and makes it writable. Not thread-safe.
class Sealing {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  // The kernel needs a moment to end a file system after its last mount went.
  static constexpr std::chrono::milliseconds kSettleMs{2'000};

  // All removable devices there are.
  void Arrived(std::vector<Arrival> arrivals);
  // The guard of `identity` goes. Its nodes stay read-only until `now` + kSettleMs, by when it is
  // known whether the device is to be sealed.
  void Released(const DeviceIdentity& identity, Time now);
  // This device cannot be made writable while it is mounted: not sealed before it has gone.
  void Spare(dev_t number) { spared_.insert(number); }

  // The devices to be sealed, of those that policy `wants` so. One that is `mounted` stays what it
  // is, and one that is read-only by itself is left alone.
  [[nodiscard]] std::vector<const Arrival*> Sealed(
      const std::function<bool(const v1::Device&)>& wants,
      const std::function<bool(dev_t)>& mounted, const NodeProtection& protection) const;
  // The devices that policy `wants` sealed and that are not: neither `mounted` nor read-only, so
  // that whoever may write to their node can.
  [[nodiscard]] std::vector<const Arrival*> Open(
      const std::function<bool(const v1::Device&)>& wants,
      const std::function<bool(dev_t)>& mounted, const NodeProtection& protection) const;
  // Nodes of devices whose guard has just gone.
  [[nodiscard]] std::set<std::string> Settling(const std::function<bool(const v1::Device&)>& wants,
                                               Time now) const;

 private:
  struct Settled {
    v1::Device device;
    Time until;
  };

  std::vector<Arrival> arrivals_;
  std::set<dev_t> spared_;
  std::map<std::string, Settled> settling_;  // by node
};

}  // namespace shoumi::agent::usb
