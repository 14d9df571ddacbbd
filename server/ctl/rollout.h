#pragma once

#include <string>
#include <vector>

#include "shoumi/v1/operator_service.pb.h"

namespace shoumi::ctl {

// How far a policy version has come among the devices that are connected.
struct Rollout {
  size_t in_force = 0;
  std::vector<std::string> refused;  // "host (device id): reason"
  std::vector<std::string> lagging;  // "host (device id)"

  [[nodiscard]] size_t devices() const { return in_force + refused.size() + lagging.size(); }
};

// A device that has a later version by now counts as one that has this one.
Rollout HowFar(const std::vector<v1::DeviceRow>& devices, uint64_t version);

}  // namespace shoumi::ctl
