#include <algorithm>
#include <memory>

#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"
#include "server/ctl/client.h"
#include "server/ctl/command.h"
#include "server/ctl/device_list.h"
#include "server/ctl/device_text.h"
#include "server/ctl/json.h"
#include "server/ctl/password.h"
#include "server/ctl/table.h"

namespace shoumi::ctl {
namespace {

struct Options {
  std::string device;
  bool yes = false;
};

absl::Status List(const Global& global) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  const auto devices = ListAllDevices(**client);
  if (!devices.ok()) return devices.status();
  if (global.json) {
    JsonList json("devices");
    for (const v1::DeviceRow& device : *devices) json.Add(device);
    Out(json.Text());
  } else {
    Out(devices->empty() ? Say("No devices; shoumictl enrol-token create lets one enrol.\n",
                               "没有设备；shoumictl enrol-token create 可让设备注册。\n")
                         : DeviceTable(*devices, WantsColour()));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::DeviceRow> Find(Client& client, const std::string& device_id) {
  const auto devices = ListAllDevices(client);
  if (!devices.ok()) return devices.status();
  const auto found = std::find_if(devices->begin(), devices->end(), [&](const auto& device) {
    return device.device_id() == device_id;
  });
  if (found != devices->end()) return *found;
  return absl::NotFoundError(
      fmt::format(fmt::runtime(Say("no device {}; shoumictl devices list names them",
                                   "没有设备 {}；shoumictl devices list 可列出设备")),
                  device_id));
}

absl::Status Show(const Global& global, const std::string& device_id) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  const auto device = Find(**client, device_id);
  if (!device.ok()) return device.status();
  Out(global.json ? ToJson(*device) : DeviceText(*device, WantsColour()));
  return absl::OkStatus();
}

absl::Status Revoke(const Global& global, const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  const auto device = Find(**client, options.device);
  if (!device.ok()) return device.status();
  const std::string host = Printable(device->hostname());
  if (!options.yes) {
    const auto yes = AskYes(
        fmt::format(
            fmt::runtime(Say("Revoke {} ({})? Its agent is cut off and must enrol again. [y/N] ",
                             "吊销 {}（{}）？该代理将断开连接，必须重新注册。[y/N] ")),
            host, options.device),
        "--yes");
    if (!yes.ok()) return yes.status();
    if (!*yes) return absl::CancelledError(Say("not revoked", "未吊销"));
  }
  v1::RevokeDeviceRequest request;
  request.set_device_id(options.device);
  const auto response = (*client)->Call(&Client::Service::Stub::RevokeDevice, request);
  if (!response.ok()) return response.status();
  Out(fmt::format(fmt::runtime(Say("Revoked {} ({}).\n", "已吊销 {}（{}）。\n")), host,
                  Printable(options.device)));
  return absl::OkStatus();
}

}  // namespace

void AddDevices(CLI::App& app, const Global& global, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const devices =
      app.add_subcommand("devices", Say("the enrolled workstations", "已注册的工作站"));
  devices->require_subcommand(1);
  CLI::App* const list = devices->add_subcommand("list", Say("all of them", "列出全部"));
  list->callback([&global, &exit_status] { exit_status = ExitStatus(List(global)); });

  CLI::App* const show = devices->add_subcommand(
      "show", Say("what one watches, which policy, its counters", "监控范围、策略和计数器"));
  show->add_option("ID", options->device, Say("its id", "设备标识"))->required();
  show->callback([&global, options, &exit_status] {
    exit_status = ExitStatus(Show(global, options->device));
  });

  CLI::App* const revoke =
      devices->add_subcommand("revoke", Say("cut one off for good", "永久断开一台设备"));
  revoke->add_option("ID", options->device, Say("its id", "设备标识"))->required();
  revoke->add_flag("--yes", options->yes, Say("do not ask", "不再询问"));
  revoke->callback(
      [&global, options, &exit_status] { exit_status = ExitStatus(Revoke(global, *options)); });
}

}  // namespace shoumi::ctl
