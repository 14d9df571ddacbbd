#include <charconv>
#include <memory>

#include "common/terminal/command_line.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "server/ctl/client.h"
#include "server/ctl/command.h"
#include "server/ctl/incident_text.h"
#include "server/ctl/json.h"
#include "server/ctl/table.h"

namespace shoumi::ctl {
namespace {

using Stub = Client::Service::Stub;

constexpr uint64_t kRowsMax = 100'000;

struct Options {
  uint64_t rows_max = 50;
  v1::ListIncidentsRequest filter;
  std::string key;
};

Table IncidentTable(bool colour) {
  return {{Say("NO", "编号"), Say("TIME", "时间"), Say("HOST", "主机"), Say("USER", "用户"),
           Say("CHANNEL", "途径"), Say("ACTION", "动作"), Say("RULE", "规则"), Say("LEVEL", "密级"),
           Say("SEVERITY", "严重程度"), Say("CONTENT", "内容")},
          colour};
}

void AddRow(const v1::IncidentSummary& row, Table& table) {
  table.Add({{fmt::format("{}", row.number())},
             {LocalTime(row.time())},
             {row.hostname()},
             {row.user()},
             {WordText(row.channel())},
             {WordText(row.action()), ActionColour(row.action())},
             {row.rule()},
             {WordText(row.level())},
             {WordText(row.severity()), SeverityColour(row.severity())},
             {row.content_name()}});
}

absl::Status List(const Global& global, const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  Table table = IncidentTable(WantsColour());
  JsonList json("incidents");
  uint64_t shown = 0;
  uint64_t total = 0;
  const auto take = [&](const v1::ListIncidentsResponse& page) {
    total = page.total();
    for (const v1::IncidentSummary& row : page.incidents()) {
      ++shown;
      global.json ? json.Add(row) : AddRow(row, table);
    }
    return static_cast<uint64_t>(page.incidents_size());
  };
  auto status = ForEachPage(**client, &Stub::ListIncidents, options.filter, options.rows_max, take);
  if (!status.ok()) return status;
  if (global.json) {
    Out(json.Text(total));
  } else if (shown == 0) {
    Out(Say("No incidents.\n", "没有事件。\n"));
  } else {
    Out(table.Text());
    if (shown < total) {
      Out(fmt::format(fmt::runtime(Say("The newest {} of {}; --limit N shows more.\n",
                                       "最新的 {} 条，共 {} 条；--limit N 可显示更多。\n")),
                      shown, total));
    }
  }
  return absl::OkStatus();
}

absl::Status Show(const Global& global, const std::string& key) {
  v1::GetIncidentRequest request;
  uint64_t number = 0;
  const auto parsed = std::from_chars(key.data(), key.data() + key.size(), number);
  if (parsed.ec == std::errc() && parsed.ptr == key.data() + key.size()) {
    request.set_number(number);
  } else {
    request.set_incident_id(key);
  }
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  const auto answer = (*client)->Call(&Stub::GetIncident, request);
  if (absl::IsNotFound(answer.status())) {
    return absl::NotFoundError(
        fmt::format(fmt::runtime(Say("no incident {}; shoumictl incidents list names them",
                                     "没有事件 {}；shoumictl incidents list 可列出事件")),
                    key));
  }
  if (!answer.ok()) return answer.status();
  Out(global.json ? ToJson(*answer) : IncidentText(*answer, WantsColour()));
  return absl::OkStatus();
}

}  // namespace

void AddIncidents(CLI::App& app, const Global& global, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const incidents =
      app.add_subcommand("incidents", Say("what was stopped or reported", "被阻止或记录的事件"));
  incidents->require_subcommand(1);

  CLI::App* const list =
      incidents->add_subcommand("list", Say("the newest first", "按时间从新到旧列出"));
  list->add_option("--limit", options->rows_max, Say("how many at most", "最多条数"))
      ->check(InRange(1, kRowsMax))
      ->capture_default_str();
  list->add_option("--device", *options->filter.mutable_device_id(),
                   Say("of this device only", "仅此设备"))
      ->type_name("ID");
  list->add_option("--rule", *options->filter.mutable_rule(),
                   Say("decided by this rule only", "仅由此规则判定"))
      ->type_name("ID");
  list->add_option("--action", *options->filter.mutable_action(),
                   Say("with this action only", "仅此动作"))
      ->type_name("report|warn|block")
      ->check(OneOf({"report", "warn", "block"}));
  list->callback(
      [&global, options, &exit_status] { exit_status = ExitStatus(List(global, *options)); });

  CLI::App* const show = incidents->add_subcommand(
      "show",
      Say("everything about one, and why it was decided so", "单个事件的全部信息及判定原因"));
  show->add_option("INCIDENT", options->key, Say("its number or id", "编号或标识"))->required();
  show->callback(
      [&global, options, &exit_status] { exit_status = ExitStatus(Show(global, options->key)); });
}

}  // namespace shoumi::ctl
