#pragma once

#include <vector>

#include "server/ctl/client.h"

namespace shoumi::ctl {

// Every device the server knows.
absl::StatusOr<std::vector<v1::DeviceRow>> ListAllDevices(Client& client);

}  // namespace shoumi::ctl
