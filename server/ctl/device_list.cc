#include "server/ctl/device_list.h"

namespace shoumi::ctl {

absl::StatusOr<std::vector<v1::DeviceRow>> ListAllDevices(Client& client) {
  constexpr uint64_t kDevicesMax = 1'000'000;
  std::vector<v1::DeviceRow> devices;
  const auto take = [&](v1::ListDevicesResponse& page) {
    for (v1::DeviceRow& row : *page.mutable_devices()) devices.push_back(std::move(row));
    return static_cast<uint64_t>(page.devices_size());
  };
  auto status = ForEachPage(client, &Client::Service::Stub::ListDevices, v1::ListDevicesRequest(),
                            kDevicesMax, take);
  if (!status.ok()) return status;
  return devices;
}

}  // namespace shoumi::ctl
