#include <memory>

#include "common/terminal/command_line.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"
#include "server/ctl/client.h"
#include "server/ctl/command.h"
#include "server/ctl/json.h"
#include "server/ctl/table.h"

namespace shoumi::ctl {
namespace {

constexpr uint64_t kRowsMax = 100'000;

struct Options {
  uint64_t rows_max = 50;
  v1::ListReleaseRequestsRequest filter;
};

std::string WayText(v1::Channel channel) {
  return channel == v1::CHANNEL_UNSPECIFIED ? Say("any", "任意") : WordText(rules::Name(channel));
}

std::string DaysText(uint32_t days) {
  return days == 0 ? "" : Counted(days, "day", "days", "天");
}

absl::Status List(const Global& global, const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  Table table({Say("NUMBER", "编号"), Say("TIME", "时间"), Say("HOST", "主机"), Say("USER", "用户"),
               Say("FILE", "文件"), Say("LEVEL", "密级"), Say("TO", "接收方"), Say("BY", "途径"),
               Say("FOR", "期限"), Say("REASON", "理由")},
              WantsColour());
  JsonList json("requests");
  uint64_t shown = 0;
  const auto take = [&](const v1::ListReleaseRequestsResponse& page) {
    for (const v1::ReleaseRequestRow& row : page.requests()) {
      ++shown;
      if (global.json) {
        json.Add(row);
        continue;
      }
      const v1::ReleaseRequest& request = row.request();
      table.Add({{fmt::format("{}", row.number())},
                 {LocalTime(request.time())},
                 {row.hostname()},
                 {request.user().name().empty() ? fmt::format("uid {}", request.user().uid())
                                                : request.user().name()},
                 {request.content_name()},
                 {LevelText(request.level())},
                 {request.recipient()},
                 {WayText(request.channel())},
                 {DaysText(request.valid_days())},
                 {request.reason()}});
    }
    return static_cast<uint64_t>(page.requests_size());
  };
  auto status = ForEachPage(**client, &Client::Service::Stub::ListReleaseRequests, options.filter,
                            options.rows_max, take);
  if (!status.ok()) return status;
  if (global.json) {
    Out(json.Text());
  } else {
    Out(shown == 0 ? Say("No requests.\n", "没有外发申请。\n") : table.Text());
  }
  return absl::OkStatus();
}

}  // namespace

void AddReleases(CLI::App& app, const Global& global, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const releases =
      app.add_subcommand("releases", Say("what employees ask to be let out", "员工的外发申请"));
  releases->require_subcommand(1);
  CLI::App* const list =
      releases->add_subcommand("list", Say("the newest first", "按时间从新到旧列出"));
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
