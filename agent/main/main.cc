#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <exception>
#include <string>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "agent/main/agent.h"
#include "agent/main/channels.h"
#include "agent/main/config.h"
#include "agent/uplink/enrolment.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/terminal/command_line.h"
#include "common/terminal/language.h"
#include "common/terminal/server_reach.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"

namespace {

using shoumi::Say;
using shoumi::agent::AgentConfig;

constexpr size_t kConfigBytesMax = 1 << 20;
constexpr unsigned kStopSecondsMax = 15;
constexpr time_t kTendSeconds = 5;

int ReadConfig(const std::string& path, AgentConfig& config) {
  const auto yaml = shoumi::ReadFile(path, kConfigBytesMax);
  if (!yaml.ok()) {
    fmt::print(stderr, "shoumi-agent: {}\n", std::string(yaml.status().message()));
    return shoumi::kBadUsage;
  }
  auto result = shoumi::agent::LoadConfig(path, *yaml);
  for (const auto& problem : result.problems) {
    fmt::print(stderr, "{}\n", shoumi::rules::FormatProblem(problem));
  }
  if (!result.ok) return shoumi::kBadUsage;
  config = std::move(result.config);
  return 0;
}

// Blocked in every thread, waited for in this one.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Run(const std::string& config_path) {
  AgentConfig config;
  if (const int error = ReadConfig(config_path, config); error != 0) return error;
  shoumi::SetUpLogging("shoumi-agent", config.log_level, config.log_json);
  if (::geteuid() != 0 && shoumi::agent::NeedsRoot(config)) {
    spdlog::error(
        "root is needed: to mount over sticks (channels.usb.enabled) and to judge what programs "
        "open "
        "(channels.attachments.enabled)");
    return 1;
  }
  const sigset_t signals = BlockSignals();
  shoumi::agent::Agent agent(config, SHOUMI_VERSION);
  if (auto status = agent.Start(); !status.ok()) {
    spdlog::error("not started: {}", std::string(status.message()));
    return 1;
  }
  spdlog::info("runs; status at {}/status.sock", config.run_dir);
  for (;;) {
    const timespec wait{kTendSeconds, 0};
    const int signal = sigtimedwait(&signals, nullptr, &wait);
    if (signal == SIGTERM || signal == SIGINT) break;
    if (signal < 0) agent.Tend();
  }
  spdlog::info("stopping");
  // SIGALRM ends the process should a step hang; the guards fail closed without it.
  ::alarm(kStopSecondsMax);
  agent.Stop();
  return 0;
}

int EnrolHere(const shoumi::agent::EnrolOptions& options) {
  // gRPC would print its own diagnosis beside our sentence. GRPC_VERBOSITY=debug brings it back.
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  const auto enrolment = shoumi::agent::Enrol(options);
  if (absl::IsAlreadyExists(enrolment.status())) {
    fmt::print(fmt::runtime(Say("{}; --force enrols again\n", "{}；可用 --force 重新注册\n")),
               std::string(enrolment.status().message()));
    return 0;
  }
  if (!enrolment.ok()) {
    fmt::print(stderr,
               fmt::runtime(Say("shoumi-agent: not enrolled: {}\n", "shoumi-agent：未注册：{}\n")),
               std::string(enrolment.status().message()));
    return 1;
  }
  fmt::print(fmt::runtime(Say("enrolled at {} as {}\n", "已在 {} 注册为 {}\n")), enrolment->server,
             enrolment->device_id);
  return 0;
}

int Main(int argc, char** argv) {
  // An arena for every thread would cost more memory at rest than all that the agent keeps.
  ::mallopt(M_ARENA_MAX, 2);
  CLI::App app("Shoumi agent of a workstation", "shoumi-agent");
  shoumi::SetUpHelp(app, SHOUMI_VERSION);
  app.require_subcommand(1);

  std::string config_path = "/etc/shoumi/agent.yaml";
  CLI::App* const run = app.add_subcommand("run", "guard this workstation until SIGTERM");
  run->add_option("--config", config_path, "configuration file")->capture_default_str();

  shoumi::agent::EnrolOptions options;
  options.state_dir = AgentConfig().state_dir;
  options.agent_version = SHOUMI_VERSION;
  CLI::App* const enrol = app.add_subcommand("enrol", "enrol this workstation at a server");
  enrol->add_option("--server", options.server, "the server")
      ->required()
      ->type_name("HOST:PORT")
      ->check(CLI::Validator(shoumi::ServerProblem, ""));
  enrol->add_option("--ca", options.ca_file, "certificate of the server's CA, PEM")->required();
  enrol->add_option("--token-file", options.token_file, "file with the one-time token")->required();
  enrol->add_option("--state", options.state_dir, "state folder")->capture_default_str();
  enrol->add_flag("--force", options.force, "enrol again although there is an enrolment");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return shoumi::EndOfParse(app, error);
  }
  return run->parsed() ? Run(config_path) : EnrolHere(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "shoumi-agent: {}\n", error.what());
    return 1;
  }
}
