#include "agent/cli/status_command.h"

#include <memory>
#include <string>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "agent/cli/status.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"

namespace shoumi::cli {
namespace {

constexpr std::chrono::milliseconds kAnswerMax{5000};
constexpr int kNoAgent = 1;
constexpr int kNotCovered = 3;

struct StatusOptions {
  std::string socket = "/run/shoumi/status.sock";
  bool json = false;
  bool check = false;
};

int Run(const StatusOptions& options) {
  const auto json = AskAgent(options.socket, kAnswerMax);
  if (!json.ok()) {
    fmt::print(stderr,
               fmt::runtime(
                   Say("No agent answers on this workstation: {}\n", "本机没有守密代理应答：{}\n")),
               Printable(std::string(json.status().message())));
    return kNoAgent;
  }
  const auto status = ParseStatus(*json);
  if (!status.ok()) {
    fmt::print(stderr, "{}\n", std::string(status.status().message()));
    return kNoAgent;
  }
  fmt::print("{}", options.json ? *json : DescribeStatus(*status));
  return options.check && !AllCovered(*status) ? kNotCovered : 0;
}

}  // namespace

void AddStatus(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* const status = app.add_subcommand(
      "status", Say("what is watched on this workstation, and under which policy",
                    "本机监控了什么、按照哪份策略"));
  status->add_option("--socket", options->socket, Say("the agent's socket", "代理的套接字"))
      ->capture_default_str();
  status->add_flag("--json", options->json, Say("as JSON", "以 JSON 输出"));
  status->add_flag("--check", options->check,
                   Say("exit status 3 unless everything is covered", "未完全覆盖时返回 3"));
  status->footer(Say("Exit status: 0 done, 1 no agent answers, 2 bad usage, 3 see --check.",
                     "退出码：0 完成，1 没有代理应答，2 用法错误，3 见 --check。"));
  status->callback([options, &exit_status] { exit_status = Run(*options); });
}

}  // namespace shoumi::cli
