#include "server/ctl/rollout.h"

#include "fmt/format.h"

namespace shoumi::ctl {

Rollout HowFar(const std::vector<v1::DeviceRow>& devices, uint64_t version) {
  Rollout rollout;
  for (const v1::DeviceRow& device : devices) {
    if (!device.connected()) continue;
    std::string name = fmt::format("{} ({})", device.hostname(), device.device_id());
    if (device.policy_version() >= version) {
      ++rollout.in_force;
    } else if (device.offered_version() == version && !device.policy_error().empty()) {
      rollout.refused.push_back(fmt::format("{}: {}", name, device.policy_error()));
    } else {
      rollout.lagging.push_back(std::move(name));
    }
  }
  return rollout;
}

}  // namespace shoumi::ctl
