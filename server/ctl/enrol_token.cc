#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>

#include "common/fd.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"
#include "server/ctl/client.h"
#include "server/ctl/command.h"
#include "server/ctl/duration.h"
#include "server/ctl/json.h"

namespace shoumi::ctl {
namespace {

struct Options {
  std::string valid = "1h";
  std::string note;
  std::string output;
};

std::string DurationProblem(const std::string& text) {
  constexpr std::chrono::seconds kValidMin = std::chrono::minutes(1);
  constexpr std::chrono::seconds kValidMax = std::chrono::hours(7 * 24);
  const auto valid = ParseDuration(text);
  if (!valid.ok()) return std::string(valid.status().message());
  if (*valid >= kValidMin && *valid <= kValidMax) return "";
  return Say("a token is valid for 1m to 7d", "令牌有效期为 1m 至 7d");
}

// Nothing but a file of ours is replaced: no link is followed, no device is taken away.
absl::Status CheckOutput(const std::string& file) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0) {
    if (errno != ENOENT) return ErrnoStatus(errno, file);
    // Before the server makes a token that would be lost.
    const std::filesystem::path folder = std::filesystem::path(file).parent_path();
    const std::string name = folder.empty() ? "." : folder.string();
    return ::access(name.c_str(), W_OK) == 0 ? absl::OkStatus() : ErrnoStatus(errno, name);
  }
  if (S_ISREG(info.st_mode)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format(fmt::runtime(Say("{} is there and is not a regular file; name another",
                                   "{} 已存在且不是普通文件；请换一个文件名")),
                  file));
}

absl::Status Create(const Global& global, const Options& options) {
  if (!options.output.empty()) {
    if (auto status = CheckOutput(options.output); !status.ok()) return status;
  }
  const auto valid = ParseDuration(options.valid);
  if (!valid.ok()) return valid.status();
  const auto client = SignedIn(global);
  if (!client.ok()) return client.status();
  v1::CreateEnrolmentTokenRequest request;
  request.set_valid_s(static_cast<uint32_t>(valid->count()));
  request.set_note(options.note);
  const auto token = (*client)->Call(&Client::Service::Stub::CreateEnrolmentToken, request);
  if (!token.ok()) return token.status();
  const std::string text = global.json ? ToJson(*token) : token->token() + "\n";
  if (options.output.empty()) {
    Out(text);
  } else if (auto status = ReplaceFile(options.output, text, 0600); !status.ok()) {
    return status;
  }
  fmt::print(stderr,
             fmt::runtime(Say("One device can enrol with it until {}.\n",
                              "在 {} 之前可用它注册一台设备。\n")),
             LocalTime(token->expires()));
  return absl::OkStatus();
}

}  // namespace

void AddEnrolToken(CLI::App& app, const Global& global, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* const tokens = app.add_subcommand(
      "enrol-token",
      Say("one-time tokens that workstations enrol with", "工作站注册用的一次性令牌"));
  tokens->require_subcommand(1);
  CLI::App* const create = tokens->add_subcommand("create", Say("a new one", "新建一个"));
  create
      ->add_option("--valid", options->valid,
                   Say("1m to 7d: 90s, 10m, 1h, 7d", "1m 至 7d：90s、10m、1h、7d"))
      ->check(CLI::Validator(DurationProblem, ""))
      ->type_name("DURATION")
      ->capture_default_str();
  create->add_option("--note", options->note, Say("who or what it is for", "用途说明"))
      ->type_name("TEXT");
  create
      ->add_option("--output", options->output,
                   Say("write it here, mode 0600 (default: print it)",
                       "写入此文件，权限 0600（默认：直接输出）"))
      ->type_name("FILE");
  create->callback(
      [&global, options, &exit_status] { exit_status = ExitStatus(Create(global, *options)); });
}

}  // namespace shoumi::ctl
