#include "agent/cli/request_command.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_join.h"
#include "agent/cli/content.h"
#include "agent/cli/judge.h"
#include "agent/cli/sealed_file.h"
#include "agent/inspect/wire/frame.h"
#include "common/fd.h"
#include "common/local_socket.h"
#include "common/terminal/command_line.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "rules/policy/policy.h"
#include "shoumi/v1/local.pb.h"

namespace shoumi::cli {
namespace {

constexpr int kRefused = 1;
constexpr int kDaysMax = 366;
constexpr uint32_t kAnswerBytesMax = 64U << 10;
constexpr std::chrono::seconds kAnswerMax{90};  // the agent inspects the file meanwhile

struct Options {
  std::string file;
  std::string recipient;
  std::string reason;
  std::string channel;
  std::string incident;
  uint32_t days = 0;
  std::string socket = "/run/shoumi/request.sock";
  bool json = false;
};

absl::StatusOr<v1::ReleaseAnswer> Ask(const Options& options) {
  const auto content = OpenFile({options.file, false});
  auto sealed = content.ok() ? SealedCopy("request", content->fd.get(), kRequestBytesMax)
                             : absl::StatusOr<UniqueFd>(content.status());
  if (!sealed.ok()) {
    return absl::Status(sealed.status().code(),
                        fmt::format("{}: {}", options.file, Why(sealed.status())));
  }
  v1::ReleaseQuestion question;
  question.set_protocol(1);
  question.set_content_name(std::filesystem::path(options.file).filename().string());
  question.set_recipient(options.recipient);
  question.set_reason(options.reason);
  question.set_channel(ChannelOf(options.channel));
  question.set_valid_days(options.days);
  question.set_incident_id(options.incident);
  const auto socket = ConnectLocally(options.socket);
  if (!socket.ok()) {
    return absl::UnavailableError(fmt::format(
        fmt::runtime(Say("no agent answers on this workstation: {}", "本机没有守密代理应答：{}")),
        std::string(socket.status().message())));
  }
  const auto end = std::chrono::steady_clock::now() + kAnswerMax;
  const int fd = sealed->get();
  if (auto status = inspect::SendFrame(socket->get(), question, std::span(&fd, 1), end);
      !status.ok()) {
    return status;
  }
  v1::ReleaseAnswer answer;
  if (auto status = inspect::ReceiveFrame(socket->get(), kAnswerBytesMax, answer, nullptr, end);
      !status.ok()) {
    return status;
  }
  return answer;
}

std::string Text(const v1::ReleaseAnswer& answer) {
  std::string out = fmt::format(fmt::runtime(Say("Requested: {}\n", "已申请：{}\n")),
                                Printable(answer.request_id()));
  if (const std::string level = LevelText(answer.level()); !level.empty()) {
    out += fmt::format(fmt::runtime(Say("  level: {}\n", "  密级：{}\n")), level);
  }
  const std::vector<std::string> rules(answer.rules().begin(), answer.rules().end());
  if (!rules.empty()) {
    out += fmt::format(fmt::runtime(Say("  found in it: {}\n", "  其中发现：{}\n")),
                       Printable(absl::StrJoin(rules, ", ")));
  }
  out += answer.connected()
             ? Say("  The security team sees it now.\n", "  安全团队现在即可看到。\n")
             : Say("  The security team sees it as soon as this workstation is connected.\n",
                   "  本机联网后安全团队即可看到。\n");
  return out;
}

int Run(const Options& options) {
  const auto answer = Ask(options);
  const std::string error = answer.ok() ? answer->error() : std::string(answer.status().message());
  if (!error.empty()) {
    fmt::print(stderr, "shoumi: {}\n", Printable(DetailText(error)));
    return kRefused;
  }
  if (options.json) {
    const nlohmann::ordered_json json = {
        {"request_id", answer->request_id()},
        {"level", answer->level() == v1::LEVEL_UNSPECIFIED
                      ? "none"
                      : std::string(rules::Name(answer->level()))},
        {"findings", std::vector<std::string>(answer->rules().begin(), answer->rules().end())},
        {"connected", answer->connected()}};
    fmt::print("{}\n", json.dump());
  } else {
    fmt::print("{}", Text(*answer));
  }
  return 0;
}

}  // namespace

void AddRequest(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const request = app.add_subcommand(
      "request", Say("ask the security team to let a file leave", "申请允许一份文件外发"));
  request->add_option("FILE", options->file, Say("the file", "文件"))->required();
  request
      ->add_option("--to", options->recipient,
                   Say("who is to get it, as your company names them", "接收方名称或地址"))
      ->type_name("RECIPIENT")
      ->required();
  request->add_option("--reason", options->reason, Say("what it is needed for", "用途"))
      ->type_name("TEXT")
      ->required();
  request
      ->add_option("--channel", options->channel,
                   Say("the way it is to take (default: any)", "外发途径（默认：任意）"))
      ->type_name(absl::StrJoin(ChannelNames(), "|"))
      ->check(OneOf(ChannelNames()));
  request->add_option("--days", options->days, Say("for how many days", "申请的天数"))
      ->type_name("N")
      ->check(InRange(1, kDaysMax));
  request
      ->add_option("--incident", options->incident,
                   Say("id of what was stopped, as its notification says", "被拦截事件的编号"))
      ->type_name("ID");
  request->add_option("--socket", options->socket, Say("the agent's socket", "代理的套接字"))
      ->capture_default_str();
  request->add_flag("--json", options->json, Say("as JSON", "以 JSON 输出"));
  request->footer(Say(
      R"(The request goes with the file's name, size and SHA-256, what is found in it (masked) and what you
write; not with the file. It holds for this content only: a changed file needs a new request.

Exit status: 0 asked, 1 refused or no agent answers, 2 bad usage.)",
      R"(申请包含文件名、大小、SHA-256、其中的发现（已脱敏）以及您填写的内容，不含文件本身。申请只对
该内容有效：文件改动后需重新申请。

退出码：0 已申请，1 被拒绝或没有代理应答，2 用法错误。)"));
  request->callback([options, &exit_status] { exit_status = Run(*options); });
}

}  // namespace shoumi::cli
