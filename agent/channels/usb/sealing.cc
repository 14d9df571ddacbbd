#include "agent/channels/usb/sealing.h"

#include <algorithm>
#include <utility>

#include "agent/channels/usb/super_block.h"

namespace shoumi::agent::usb {

void Sealing::Arrived(std::vector<Arrival> arrivals) {
  arrivals_ = std::move(arrivals);
  const auto gone = [this](const auto& is) {
    return std::none_of(arrivals_.begin(), arrivals_.end(), is);
  };
  std::erase_if(spared_, [&](dev_t number) {
    return gone([number](const Arrival& a) { return a.number == number; });
  });
  std::erase_if(settling_, [&](const auto& row) {
    return gone([&row](const Arrival& a) {
      const auto& own = a.identity.own_nodes;
      return std::find(own.begin(), own.end(), row.first) != own.end();
    });
  });
}

void Sealing::Released(const DeviceIdentity& identity, Time now) {
  if (!MountsSealed(identity.device.file_system())) return;
  for (const std::string& node : identity.own_nodes) {
    settling_[node] = {identity.device, now + kSettleMs};
  }
}

std::vector<const Arrival*> Sealing::Sealed(const std::function<bool(const v1::Device&)>& wants,
                                            const std::function<bool(dev_t)>& mounted,
                                            const NodeProtection& protection) const {
  std::vector<const Arrival*> sealed;
  for (const Arrival& arrival : arrivals_) {
    if (!arrival.mounts_sealed || spared_.contains(arrival.number)) continue;
    if (!wants(arrival.identity.device)) continue;
    const auto& own = arrival.identity.own_nodes;
    const bool ours = std::any_of(
        own.begin(), own.end(), [&](const std::string& node) { return protection.Protects(node); });
    const bool free =
        !mounted(arrival.number) && std::none_of(own.begin(), own.end(), IsReadOnlyNode);
    if (ours || free) sealed.push_back(&arrival);
  }
  return sealed;
}

std::vector<const Arrival*> Sealing::Open(const std::function<bool(const v1::Device&)>& wants,
                                          const std::function<bool(dev_t)>& mounted,
                                          const NodeProtection& protection) const {
  std::vector<const Arrival*> open;
  for (const Arrival& arrival : arrivals_) {
    if (arrival.mounts_sealed && !spared_.contains(arrival.number)) continue;
    if (mounted(arrival.number) || !wants(arrival.identity.device)) continue;
    const auto& own = arrival.identity.own_nodes;
    if (std::none_of(own.begin(), own.end(), [&](const std::string& node) {
          return protection.Protects(node) || IsReadOnlyNode(node);
        })) {
      open.push_back(&arrival);
    }
  }
  return open;
}

std::set<std::string> Sealing::Settling(const std::function<bool(const v1::Device&)>& wants,
                                        Time now) const {
  std::set<std::string> nodes;
  for (const auto& [node, settled] : settling_) {
    if (now < settled.until && wants(settled.device)) nodes.insert(node);
  }
  return nodes;
}

}  // namespace shoumi::agent::usb
