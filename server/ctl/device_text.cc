#include "server/ctl/device_text.h"

#include <map>

#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "server/ctl/table.h"

namespace shoumi::ctl {
namespace {

const char* CoverageColour(v1::Coverage coverage) {
  if (coverage == v1::COVERAGE_COVERED) return kGreen;
  return coverage == v1::COVERAGE_PARTIAL ? kYellow : kRed;
}

Cell UsbCell(const v1::AgentState& state) {
  for (const v1::ChannelState& channel : state.channels()) {
    if (channel.channel() != "usb") continue;
    return {CoverageText(channel.coverage()), CoverageColour(channel.coverage())};
  }
  return {Say("unknown", "未知"), kRed};
}

Cell ConnectionCell(const v1::DeviceRow& device) {
  if (device.status() == "revoked") return {Say("revoked", "已吊销"), kRed};
  if (device.connected()) return {Say("connected", "已连接"), kGreen};
  return {Say("off line", "离线"), kYellow};
}

Cell PolicyCell(const v1::DeviceRow& device) {
  std::string version =
      device.policy_version() == 0 ? Say("none", "无") : fmt::format("{}", device.policy_version());
  if (!device.policy_error().empty()) {
    return {fmt::format(fmt::runtime(Say("{} (refused {})", "{}（拒绝 {}）")), version,
                        device.offered_version()),
            kRed};
  }
  if (device.offered_version() > device.policy_version()) {
    return {fmt::format(fmt::runtime(Say("{} (offered {})", "{}（已下发 {}）")), version,
                        device.offered_version()),
            kYellow};
  }
  return {std::move(version)};
}

std::string Painted(const Cell& cell, bool colour) {
  std::string text = Printable(cell.text);
  return cell.colour == nullptr ? text : Paint(colour, cell.colour, text);
}

std::string LastSeen(const v1::DeviceRow& device) {
  return device.has_last_seen() ? LocalTime(device.last_seen()) : Say("never", "从未");
}

void Channels(const v1::AgentState& state, bool colour, std::string& out) {
  if (state.channels().empty()) return;
  out += fmt::format("\n{}\n", Paint(colour, kBold, Say("Watched", "监控范围")));
  for (const v1::ChannelState& channel : state.channels()) {
    const Cell cell{CoverageText(channel.coverage()), CoverageColour(channel.coverage())};
    out += fmt::format("  {}: {}", Printable(WordText(channel.channel())), Painted(cell, colour));
    if (!channel.why().empty()) out += fmt::format(" ({})", Printable(DetailText(channel.why())));
    out += '\n';
    for (const v1::GuardedDevice& guarded : channel.devices()) {
      const v1::Device& stick = guarded.device();
      out +=
          fmt::format("    {}:{}:{} {}  {}", Printable(stick.vendor_id()),
                      Printable(stick.product_id()), Printable(stick.serial()),
                      Printable(stick.mount_point().empty() ? stick.node() : stick.mount_point()),
                      CoverageText(guarded.coverage()));
      if (!guarded.why().empty()) out += fmt::format(" ({})", Printable(DetailText(guarded.why())));
      out += '\n';
    }
  }
}

void Counters(const v1::AgentState& state, bool colour, std::string& out) {
  if (state.counters().empty()) return;
  out += fmt::format("\n{}\n", Paint(colour, kBold, Say("Counters", "计数器")));
  const std::map<std::string, uint64_t> sorted(state.counters().begin(), state.counters().end());
  for (const auto& [name, count] : sorted) {
    out += fmt::format("  {}: {}\n", Printable(name), count);
  }
}

}  // namespace

std::string DeviceTable(const std::vector<v1::DeviceRow>& devices, bool colour) {
  Table table({Say("DEVICE", "设备"), Say("HOST", "主机"), Say("STATE", "状态"),
               Say("POLICY", "策略"), Say("USB", "USB"), Say("LAST SEEN", "最近在线")},
              colour);
  for (const v1::DeviceRow& device : devices) {
    table.Add({{device.device_id()},
               {device.hostname()},
               ConnectionCell(device),
               PolicyCell(device),
               UsbCell(device.state()),
               {LastSeen(device)}});
  }
  return table.Text();
}

std::string DeviceText(const v1::DeviceRow& device, bool colour) {
  const v1::AgentState& state = device.state();
  std::string out = Labelled(Say("Device", "设备"), Printable(device.device_id()));
  out += Labelled(Say("Host", "主机"), Printable(device.hostname()));
  out += Labelled(Say("State", "状态"), Painted(ConnectionCell(device), colour));
  out += Labelled(Say("Enrolled", "注册时间"), LocalTime(device.enrolled()));
  out += Labelled(Say("Last seen", "最近在线"), LastSeen(device));
  out += Labelled(Say("Agent", "代理版本"), Printable(state.agent_version()));
  std::string policy = Painted(PolicyCell(device), colour);
  if (!state.policy_name().empty()) policy += fmt::format("  {}", Printable(state.policy_name()));
  out += Labelled(Say("Policy", "策略"), policy);
  if (!device.policy_error().empty()) {
    out +=
        Labelled(Say("Refused", "拒绝原因"), Paint(colour, kRed, Printable(device.policy_error())));
  }
  out += Labelled(
      Say("Spool", "待上报"),
      fmt::format(fmt::runtime(Say("{}, {}; {} counted but not kept", "{}，{}；{} 条仅计数未保存")),
                  Counted(state.spool_records(), "record", "records", "条"),
                  Counted(state.spool_bytes(), "byte", "bytes", "字节"), state.spool_refused()));
  Channels(state, colour, out);
  Counters(state, colour, out);
  return out;
}

}  // namespace shoumi::ctl
