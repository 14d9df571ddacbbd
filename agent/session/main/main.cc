#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <thread>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "agent/session/main/session_program.h"
#include "common/log.h"
#include "common/terminal/command_line.h"
#include "common/terminal/language.h"
#include "common/terminal/streams.h"
#include "fmt/format.h"

namespace {

using shoumi::Say;

constexpr int kNoDisplay = 3;  // or none that can be guarded

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Run(shoumi::session::SessionOptions options) {
  const sigset_t signals = BlockSignals();
  shoumi::session::SessionProgram program(std::move(options));
  std::thread waiter([&] {
    int signal = 0;
    ::sigwait(&signals, &signal);
    program.Stop();
  });
  const absl::Status status = program.Run();
  ::pthread_kill(waiter.native_handle(), SIGHUP);  // it waits for this one as for the others
  waiter.join();
  if (status.ok()) return 0;
  fmt::print(stderr, "shoumi-session: {}\n", std::string(status.message()));
  return kNoDisplay;
}

int Main(int argc, char** argv) {
  // What the user's other programs may not read and change in it: its memory, by ptrace(2).
  ::prctl(PR_SET_DUMPABLE, 0);
  CLI::App app(Say("Guards the clipboard of a graphical session for the Shoumi agent, and shows "
                   "its notifications",
                   "为守密代理守护图形会话的剪贴板，并显示其通知"),
               "shoumi-session");
  shoumi::SetUpHelp(app, SHOUMI_VERSION);
  shoumi::session::SessionOptions options;
  options.display = Environment("DISPLAY");
  options.wayland_display = Environment("WAYLAND_DISPLAY");
  options.session = Environment("XDG_SESSION_ID");
  options.wayland = Environment("XDG_SESSION_TYPE") == "wayland";
  std::string level = "info";
  app.add_option("--display", options.display, Say("X display (DISPLAY)", "X 显示（DISPLAY）"))
      ->type_name(":N");
  app.add_option("--wayland-display", options.wayland_display,
                 Say("Wayland display (WAYLAND_DISPLAY); guarded instead of the X display where "
                     "the compositor allows it",
                     "Wayland 显示（WAYLAND_DISPLAY）；合成器允许时守护它而不守护 X 显示"))
      ->type_name("NAME");
  app.add_option("--socket", options.socket_path, Say("socket of the agent", "代理的套接字"))
      ->capture_default_str();
  app.add_option("--agent-uid", options.agent_uid,
                 Say("whom to take for the agent", "以哪个用户为代理"))
      ->capture_default_str();
  app.add_option("--log-level", level, Say("what is logged", "日志级别"))
      ->capture_default_str()
      ->check(shoumi::OneOf({"trace", "debug", "info", "warn", "error", "off"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return shoumi::EndOfParse(app, error);
  }
  options.desktop.chinese = shoumi::SpeaksChinese();
  options.desktop.form.chinese = options.desktop.chinese;
  options.desktop.form.display = options.display;
  shoumi::SetUpLogging("session", level, false);
  return Run(std::move(options));
}

}  // namespace

int main(int argc, char** argv) {
  shoumi::FillStandardDescriptors();
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "shoumi-session: {}\n", error.what());
    return 1;
  }
}
