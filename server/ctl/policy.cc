#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <memory>

#include "common/installation.h"
#include "common/terminal/command_line.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "server/ctl/client.h"
#include "server/ctl/command.h"
#include "server/ctl/device_list.h"
#include "server/ctl/json.h"
#include "server/ctl/policy_source.h"
#include "server/ctl/policy_text.h"
#include "server/ctl/rollout.h"
#include "server/ctl/session_file.h"

namespace shoumi::ctl {
namespace {

using Stub = Client::Service::Stub;
using std::chrono::steady_clock;

constexpr int kWaitSecondsMax = 3600;
constexpr int kPollMs = 200;

struct Options {
  std::string file;
  std::string packs;
  bool local = false;
  int wait_s = 0;
};

// Problems on standard output: they are what was asked for.
template <typename Response>
void OutProblems(const Response& response) {
  Out(ProblemLines(response.problems(), WantsColour()));
}

bool IsSignedIn() {
  const auto file = LoginFile();
  return file.ok() && !absl::IsNotFound(LoadLogin(*file).status());
}

absl::StatusOr<v1::CheckPolicyResponse> CheckLocally(const Options& options) {
  const std::string packs = options.packs.empty() ? ShippedPacks() : options.packs;
  if (packs.empty()) {
    return absl::NotFoundError(Say("no rule packs are installed here; name a folder with --packs",
                                   "本机未安装规则包；请用 --packs 指定文件夹"));
  }
  const auto source = ReadPolicySource(options.file, packs);
  if (!source.ok()) return source.status();
  fmt::print(
      stderr,
      fmt::runtime(Say("Checked here, with the packs in {}.\n", "在本机检查，规则包：{}。\n")),
      Printable(packs));
  return CheckHere(*source);
}

absl::StatusOr<v1::CheckPolicyResponse> CheckAtServer(const Global& global,
                                                      const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  v1::CheckPolicyRequest request;
  auto source = ReadPolicySource(options.file, options.packs);
  if (!source.ok()) return source.status();
  *request.mutable_source() = *std::move(source);
  return (*client)->Call(&Stub::CheckPolicy, request);
}

int Check(const Global& global, const Options& options) {
  const bool here = options.local || !IsSignedIn();
  const auto response = here ? CheckLocally(options) : CheckAtServer(global, options);
  if (!response.ok()) return ExitStatus(response.status());
  if (global.json) {
    Out(ToJson(*response));
  } else {
    OutProblems(*response);
    if (response->ok()) {
      Out(fmt::format(fmt::runtime(Say("{}: no errors\n", "{}：没有错误\n")),
                      Printable(options.file)));
    }
  }
  return response->ok() ? kDone : kFailed;
}

void Progress(const Rollout& rollout) {
  if (::isatty(STDERR_FILENO) != 1) return;
  fmt::print(
      stderr,
      fmt::runtime(Say("\r\x1b[Kin force on {} of {}", "\r\x1b[K已在 {} 台设备上生效，共 {}")),
      rollout.in_force, Counted(rollout.devices(), "device", "devices", "台"));
}

void EndProgress() {
  if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\x1b[K");
}

// Until every connected device has the version or refused it, or the time is over.
absl::StatusOr<Rollout> Await(Client& client, uint64_t version, std::chrono::seconds wait) {
  const auto end = steady_clock::now() + wait;
  for (;;) {
    const auto devices = ListAllDevices(client);
    if (!devices.ok()) {
      EndProgress();
      return devices.status();
    }
    Rollout rollout = HowFar(*devices, version);
    if (rollout.lagging.empty() || steady_clock::now() >= end) {
      EndProgress();
      return rollout;
    }
    Progress(rollout);
    ::poll(nullptr, 0, kPollMs);
  }
}

int Conclude(const Global& global, const Rollout& rollout, const Options& options) {
  for (const std::string& device : rollout.refused) {
    Complain(fmt::format(fmt::runtime(Say("refused by {}", "被拒绝：{}")), device));
  }
  for (const std::string& device : rollout.lagging) {
    Complain(fmt::format(fmt::runtime(Say("not in force within {} s on {}", "{} 秒内未生效：{}")),
                         options.wait_s, device));
  }
  if (!global.json) {
    Out(fmt::format(
        fmt::runtime(Say("In force on {} of {}.\n", "已在 {} 台设备上生效，共 {}。\n")),
        rollout.in_force,
        Counted(rollout.devices(), "connected device", "connected devices", "台已连接")));
  }
  return rollout.refused.empty() && rollout.lagging.empty() ? kDone : kFailed;
}

absl::StatusOr<v1::ApplyPolicyResponse> Send(Client& client, const Options& options) {
  v1::ApplyPolicyRequest request;
  auto source = ReadPolicySource(options.file, options.packs);
  if (!source.ok()) return source.status();
  *request.mutable_source() = *std::move(source);
  return client.Call(&Stub::ApplyPolicy, request);
}

int Apply(const Global& global, const Options& options) {
  const auto client = SignedIn(global);
  if (!client.ok()) return ExitStatus(client.status());
  const auto response = Send(**client, options);
  if (!response.ok()) return ExitStatus(response.status());
  if (global.json) {
    Out(ToJson(*response));
  } else {
    OutProblems(*response);
  }
  if (!response->ok()) {
    Complain(Say("refused because of the errors above; the policy before stays in force",
                 "因上述错误被拒绝；原策略仍然有效"));
    return kFailed;
  }
  const bool nobody = response->connected_agents() == 0;
  if (!global.json && nobody) {
    Out(fmt::format(fmt::runtime(Say(
                        "{} is version {}; no agent is connected, each gets it when it connects.\n",
                        "{} 现为版本 {}；目前没有代理在线，代理连接后即会收到。\n")),
                    Printable(options.file), response->version()));
  } else if (!global.json) {
    Out(fmt::format(
        fmt::runtime(Say("{} is version {}, sent to {}.\n", "{} 现为版本 {}，已下发给 {}。\n")),
        Printable(options.file), response->version(),
        Counted(response->connected_agents(), "connected agent", "connected agents",
                "个在线代理")));
  }
  if (nobody || options.wait_s == 0) return kDone;
  const auto rollout = Await(**client, response->version(), std::chrono::seconds(options.wait_s));
  if (!rollout.ok()) return ExitStatus(rollout.status());
  return Conclude(global, *rollout, options);
}

absl::Status Show(const Global& global) {
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  const auto answer = (*client)->Call(&Stub::GetPolicy, v1::GetPolicyRequest());
  if (!answer.ok()) return answer.status();
  Out(global.json ? ToJson(*answer) : PolicyText(*answer, WantsColour()));
  return absl::OkStatus();
}

void AddSource(CLI::App& app, Options& options) {
  app.add_option("FILE", options.file, Say("the policy", "策略文件"))->required();
  app.add_option("--packs", options.packs,
                 Say("rule packs to go with it (default: those the server ships)",
                     "随附的规则包（默认：服务器自带的）"))
      ->type_name("DIR");
}

}  // namespace

void AddPolicy(CLI::App& app, const Global& global, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const policy =
      app.add_subcommand("policy", Say("what decides on the workstations", "工作站上的判定依据"));
  policy->require_subcommand(1);

  CLI::App* const check =
      policy->add_subcommand("check", Say("every problem with file, line and code; changes nothing",
                                          "列出全部问题（文件、行号、代码）；不作任何更改"));
  AddSource(*check, *options);
  check->add_flag("--local", options->local,
                  Say("check here, without a server (always so when not signed in)",
                      "在本机检查，不需要服务器（未登录时总是如此）"));
  check->callback([&global, options, &exit_status] { exit_status = Check(global, *options); });

  CLI::App* const apply = policy->add_subcommand(
      "apply", Say("check, sign and send to every agent", "检查、签名并下发给所有代理"));
  AddSource(*apply, *options);
  apply
      ->add_option("--wait", options->wait_s,
                   Say("seconds until it must be in force on every connected device (default: do "
                       "not wait)",
                       "等待在所有在线设备上生效的秒数（默认：不等待）"))
      ->check(InRange(0, kWaitSecondsMax))
      ->type_name("SECONDS");
  apply->callback([&global, options, &exit_status] { exit_status = Apply(global, *options); });

  CLI::App* const show = policy->add_subcommand(
      "show", Say("the one in force, its rules in order", "当前策略及其规则"));
  show->callback([&global, &exit_status] { exit_status = ExitStatus(Show(global)); });
}

}  // namespace shoumi::ctl
