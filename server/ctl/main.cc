#include <cstdlib>
#include <exception>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "common/log.h"
#include "common/terminal/command_line.h"
#include "common/terminal/language.h"
#include "common/terminal/server_reach.h"
#include "common/terminal/streams.h"
#include "fmt/format.h"
#include "server/ctl/command.h"

namespace {

using shoumi::Say;

constexpr int kTimeoutSecondsMax = 3600;

constexpr shoumi::ctl::AddCommand kCommands[] = {
    &shoumi::ctl::AddLogin,    &shoumi::ctl::AddIncidents,  &shoumi::ctl::AddEvents,
    &shoumi::ctl::AddDevices,  &shoumi::ctl::AddEnrolToken, &shoumi::ctl::AddPolicy,
    &shoumi::ctl::AddRegistry, &shoumi::ctl::AddDocuments,  &shoumi::ctl::AddReleases,
};

const char* Footer() {
  return Say(
      R"(FILES
  $XDG_CONFIG_HOME/shoumi/ctl.json, else ~/.config/shoumi/ctl.json
                        the login: server, CA file, token; mode 0600, refused when others can read it

ENVIRONMENT
  LC_ALL, LC_MESSAGES, LANG  language; zh for Chinese
  NO_COLOR                   no colours

EXIT STATUS
  0  done
  1  refused, failed, or problems found; the reason is on standard error
  2  bad usage)",
      R"(文件
  $XDG_CONFIG_HOME/shoumi/ctl.json，否则 ~/.config/shoumi/ctl.json
                        登录信息：服务器、CA 文件、令牌；权限 0600，他人可读时拒绝使用

环境变量
  LC_ALL、LC_MESSAGES、LANG  语言；zh 为中文
  NO_COLOR                   不使用颜色

退出码
  0  完成
  1  被拒绝、失败或发现问题；原因见标准错误
  2  用法错误)");
}

int Run(int argc, char** argv) {
  shoumi::SetUpLogging("shoumictl", "off", false);  // what went wrong is printed, not logged
  CLI::App app(Say("The operator's command line of shoumi-server", "shoumi-server 的管理员命令行"),
               "shoumictl");
  shoumi::ctl::Global global;
  shoumi::SetUpHelp(app, SHOUMI_VERSION);
  app.require_subcommand(1);
  app.fallthrough();  // the options below may also stand behind the subcommand
  app.footer(Footer());
  app.add_option("--server", global.server,
                 Say("the server (default: of the saved login)", "服务器（默认：已保存的登录）"))
      ->type_name("HOST:PORT")
      ->check(CLI::Validator(shoumi::ServerProblem, ""));
  app.add_option("--ca", global.ca_file,
                 Say("the server's ca.pem (default: of the saved login)",
                     "服务器的 ca.pem（默认：已保存的登录）"))
      ->type_name("FILE");
  app.add_option("--timeout", global.timeout_s,
                 Say("seconds for one answer of the server", "等待服务器一次应答的秒数"))
      ->type_name("SECONDS")
      ->check(shoumi::InRange(1, kTimeoutSecondsMax))
      ->capture_default_str();
  app.add_flag("--json", global.json, Say("as JSON", "以 JSON 输出"));
  int exit_status = shoumi::ctl::kDone;
  for (const auto add : kCommands) add(app, global, exit_status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return shoumi::EndOfParse(app, error);
  }
  if (shoumi::OutputWritten()) return exit_status;
  shoumi::ctl::Complain(Say("standard output could not be written; the answer is incomplete",
                            "无法写入标准输出，结果不完整"));
  return shoumi::ctl::kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  // gRPC would print its own diagnosis beside our sentence. GRPC_VERBOSITY=debug brings it back.
  shoumi::FillStandardDescriptors();
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    shoumi::ctl::Complain(error.what());
    return shoumi::ctl::kFailed;
  }
}
