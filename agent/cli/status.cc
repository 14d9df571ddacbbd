#include "agent/cli/status.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "common/fd.h"
#include "common/local_socket.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "google/protobuf/util/json_util.h"
#include "rules/policy/policy.h"

namespace shoumi::cli {
namespace {

std::string ChannelName(const std::string& channel) {
  if (channel == "usb") return Say("USB sticks", "U 盘等可移动存储");
  if (channel == "clipboard") return Say("clipboard", "剪贴板");
  if (channel == "attachment") return Say("attachments", "聊天和邮件附件");
  if (channel == "drag_and_drop") return Say("drag and drop of text", "拖放文字");
  if (channel == "mail") return Say("mail", "邮件");
  if (channel == "replay") return Say("replayed events", "事件回放");
  return Printable(channel);
}

void DescribeChannels(const v1::AgentState& state, std::string& out) {
  out += Say("Watched:\n", "监控范围：\n");
  for (const v1::ChannelState& channel : state.channels()) {
    out +=
        fmt::format("  {}: {}", ChannelName(channel.channel()), CoverageText(channel.coverage()));
    if (!channel.why().empty()) out += fmt::format(" ({})", Printable(DetailText(channel.why())));
    out += "\n";
    for (const v1::GuardedDevice& guarded : channel.devices()) {
      const v1::Device& device = guarded.device();
      out += fmt::format(
          "    {} {} {}:{}:{}: {}",
          Printable(device.mount_point().empty() ? device.node() : device.mount_point()),
          Printable(device.label()), Printable(device.vendor_id()), Printable(device.product_id()),
          Printable(device.serial()), ModeText(guarded.mode()));
      if (!guarded.why().empty()) out += fmt::format(" ({})", Printable(DetailText(guarded.why())));
      out += "\n";
    }
    for (const v1::Device& device : channel.sealed()) {
      out += fmt::format(fmt::runtime(Say("    {} {}:{}:{}: not mounted; read-only until it is\n",
                                          "    {} {}:{}:{}：未挂载；挂载之前只读\n")),
                         Printable(device.node()), Printable(device.vendor_id()),
                         Printable(device.product_id()), Printable(device.serial()));
    }
  }
}

void DescribePolicy(const v1::AgentStatus& status, std::string& out) {
  const v1::AgentState& state = status.state();
  if (state.policy_version() == 0) {
    out += Say("Policy: none in force yet; sticks are guarded without one\n",
               "策略：尚未生效；在此之前移动存储按默认方式受限\n");
  } else {
    out += fmt::format(fmt::runtime(Say("Policy: {} version {}", "策略：{} 版本 {}")),
                       Printable(state.policy_name()), state.policy_version());
    if (status.has_policy_created()) {
      out += fmt::format(fmt::runtime(Say(", of {}", "，发布于 {}")),
                         LocalTime(status.policy_created()));
    }
    out += "\n";
  }
  if (!status.policy_detail().empty()) {
    out += fmt::format("  {}\n", Printable(status.policy_detail()));
  }
  for (const v1::RegistryState& registry : state.registries()) {
    out += fmt::format(
        fmt::runtime(Say("  client registry {} version {}: {}\n", "  客户名册 {} 版本 {}：{}\n")),
        Printable(registry.name()), registry.version(),
        Counted(registry.rows(), "client", "clients", "个客户"));
  }
  for (const v1::CollectionState& collection : state.collections()) {
    const bool excluded = collection.kind() == v1::COLLECTION_KIND_EXCLUDED;
    out += fmt::format(fmt::runtime(excluded ? Say("  excluded documents {} version {}: {}\n",
                                                   "  排除文档 {} 版本 {}：{}\n")
                                             : Say("  registered documents {} version {}: {}\n",
                                                   "  登记文档 {} 版本 {}：{}\n")),
                       Printable(collection.name()), collection.version(),
                       Counted(collection.documents(), "document", "documents", "份文档"));
  }
}

void DescribeOverTime(const v1::AgentState& state, std::string& out) {
  const auto counter = [&state](const char* name) {
    const auto found = state.counters().find(name);
    return found == state.counters().end() ? 0 : found->second;
  };
  if (counter("ledger_conditions") == 0) return;
  out += fmt::format(
      fmt::runtime(Say("Values are counted over time: of what each user lets pass, keyed hashes of "
                       "the values that were found stay on this workstation for up to {}. {} now. "
                       "They are not sent anywhere.\n",
                       "按时间累计：每位用户放行内容中命中的值，以加密散列形式在本机保存最长 {}，"
                       "目前共 {}，不会发送到任何地方。\n")),
      rules::DurationName(static_cast<uint32_t>(counter("ledger_within_minutes_max"))),
      Counted(counter("ledger_values"), "value", "values", "个值"));
}

void DescribeConnection(const v1::AgentStatus& status, std::string& out) {
  out += Say("Server: ", "服务器：");
  switch (status.connection()) {
    case v1::AgentStatus::CONNECTION_CONNECTED:
      out += fmt::format(fmt::runtime(Say("connected to {} since {}", "已连接 {}（自 {}）")),
                         Printable(status.server()), LocalTime(status.connected_since()));
      break;
    case v1::AgentStatus::CONNECTION_OFFLINE:
      out += fmt::format(
          fmt::runtime(Say("off line ({}); everything stays enforced", "离线（{}）；策略仍然有效")),
          Printable(DetailText(status.connection_detail())));
      break;
    default:
      out += fmt::format(fmt::runtime(Say("not enrolled ({})", "尚未注册（{}）")),
                         Printable(DetailText(status.connection_detail())));
  }
  out += "\n";
}

}  // namespace

absl::StatusOr<std::string> AskAgent(const std::string& socket, std::chrono::milliseconds wait) {
  const auto connected = ConnectLocally(socket);
  if (!connected.ok()) return connected.status();
  const UniqueFd& fd = *connected;
  const auto end = std::chrono::steady_clock::now() + wait;
  std::string json;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd ready{fd.get(), POLLIN, 0};
    const int count = left.count() > 0 ? ::poll(&ready, 1, static_cast<int>(left.count())) : 0;
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return absl::DeadlineExceededError(socket + ": no answer in time");
    char bytes[16 * 1024];
    const ssize_t got = ::read(fd.get(), bytes, sizeof bytes);
    if (got < 0) return ErrnoStatus(errno, socket);
    if (got == 0) return json;
    json.append(bytes, static_cast<size_t>(got));
    if (json.size() > kStatusBytesMax) return absl::DataLossError(socket + ": answer too long");
  }
}

absl::StatusOr<v1::AgentStatus> ParseStatus(const std::string& json) {
  v1::AgentStatus status;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // of a newer agent
  if (!google::protobuf::util::JsonStringToMessage(json, &status, options).ok()) {
    return absl::DataLossError("the agent's answer is no status");
  }
  return status;
}

std::string DescribeStatus(const v1::AgentStatus& status) {
  const v1::AgentState& state = status.state();
  std::string out = fmt::format(
      fmt::runtime(Say("Shoumi agent {} runs since {}.\n", "守密代理 {} 运行中（自 {}）。\n")),
      Printable(state.agent_version()), LocalTime(status.started()));
  DescribeChannels(state, out);
  DescribePolicy(status, out);
  DescribeConnection(status, out);
  DescribeOverTime(state, out);
  out += fmt::format(
      fmt::runtime(Say("Records waiting for the server: {}\n", "等待上报的记录：{} 条\n")),
      state.spool_records());
  if (state.spool_refused() > 0) {
    out += fmt::format(fmt::runtime(Say("Counted but not kept (no room): {}\n",
                                        "因空间不足仅计数未保存：{} 条\n")),
                       state.spool_refused());
  }
  out += Say(
      "What is kept of a stopped or reported event: time, user, program, device, file name, the "
      "rule, and matches with their middle masked. Never the content.\n",
      "被阻止或记录的事件只保存：时间、用户、程序、设备、文件名、规则以及打码后的命中片段，"
      "从不保存文件内容。\n");
  return out;
}

bool AllCovered(const v1::AgentStatus& status) {
  if (status.state().policy_version() == 0) return false;
  for (const v1::ChannelState& channel : status.state().channels()) {
    if (channel.channel() == "usb" && channel.coverage() != v1::COVERAGE_COVERED) return false;
  }
  return true;
}

}  // namespace shoumi::cli
