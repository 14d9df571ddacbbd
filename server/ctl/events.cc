#include <memory>

#include "absl/strings/ascii.h"
#include "common/terminal/command_line.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"
#include "server/ctl/client.h"
#include "server/ctl/command.h"
#include "server/ctl/json.h"
#include "server/ctl/table.h"

namespace shoumi::ctl {
namespace {

constexpr uint64_t kRowsMax = 100'000;

struct Options {
  uint64_t rows_max = 50;
  v1::ListAgentEventsRequest filter;
};

// "guard_failed" of KIND_GUARD_FAILED.
std::string KindName(v1::AgentEvent::Kind kind) {
  constexpr std::string_view kPrefix = "KIND_";
  std::string name = v1::AgentEvent::Kind_Name(kind);
  if (name.empty()) return fmt::format("{}", static_cast<int>(kind));
  name.erase(0, kPrefix.size());
  absl::AsciiStrToLower(&name);
  return name;
}

const char* KindColour(v1::AgentEvent::Kind kind) {
  switch (kind) {
    case v1::AgentEvent::KIND_GUARD_FAILED:
    case v1::AgentEvent::KIND_BYPASS_ATTEMPT:
    case v1::AgentEvent::KIND_SPOOL_FULL:
    case v1::AgentEvent::KIND_SPOOL_DAMAGED:
    case v1::AgentEvent::KIND_POLICY_REFUSED:
      return kRed;
    default:
      return nullptr;
  }
}

absl::Status List(const Global& global, const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  Table table({Say("TIME", "时间"), Say("HOST", "主机"), Say("EVENT", "事件"), Say("COUNT", "次数"),
               Say("DETAIL", "说明")},
              WantsColour());
  JsonList json("events");
  uint64_t shown = 0;
  const auto take = [&](const v1::ListAgentEventsResponse& page) {
    for (const v1::AgentEventRow& row : page.events()) {
      ++shown;
      if (global.json) {
        json.Add(row);
        continue;
      }
      const v1::AgentEvent& event = row.event();
      table.Add({{LocalTime(event.time())},
                 {row.hostname()},
                 {KindName(event.kind()), KindColour(event.kind())},
                 {fmt::format("{}", event.count())},
                 {event.detail()}});
    }
    return static_cast<uint64_t>(page.events_size());
  };
  auto status = ForEachPage(**client, &Client::Service::Stub::ListAgentEvents, options.filter,
                            options.rows_max, take);
  if (!status.ok()) return status;
  if (global.json) {
    Out(json.Text());
  } else {
    Out(shown == 0 ? Say("No events.\n", "没有代理事件。\n") : table.Text());
  }
  return absl::OkStatus();
}

}  // namespace

void AddEvents(CLI::App& app, const Global& global, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const events = app.add_subcommand(
      "events", Say("what happened to the agents themselves", "代理自身发生的事件"));
  events->require_subcommand(1);
  CLI::App* const list =
      events->add_subcommand("list", Say("the newest first", "按时间从新到旧列出"));
  list->add_option("--limit", options->rows_max, Say("how many at most", "最多条数"))
      ->check(InRange(1, kRowsMax))
      ->capture_default_str();
  list->add_option("--device", *options->filter.mutable_device_id(),
                   Say("of this device only", "仅此设备"))
      ->type_name("ID");
  list->callback(
      [&global, options, &exit_status] { exit_status = ExitStatus(List(global, *options)); });
}

}  // namespace shoumi::ctl
