#include "server/main/options.h"

#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <map>

#include "common/fd.h"
#include "common/host_port.h"
#include "common/terminal/command_line.h"
#include "fmt/format.h"

namespace shoumi::server {
namespace {

constexpr size_t kConfigBytesMax = 64 * 1024;
constexpr int kStopSecondsMax = 600;

constexpr char kDescription[] =
    R"(The policy and incident server of Shoumi: takes the incidents of the workstations' agents,
signs policy and pushes it to them, and serves operators (shoumictl).

At its first start it makes its own certificate authority and the operator "admin" with a one-time
password, which is printed to the terminal; without one, or with --admin-password-file, it is written
to a file (mode 0600).)";

constexpr char kFooter[] =
    R"(CONFIGURATION FILE
  The same settings as YAML; flags win over it:
    state: /var/lib/shoumi-server
    listen: 0.0.0.0:7443
    metrics_listen: 127.0.0.1:9464
    packs: /usr/share/shoumi/packs
    apps: /usr/share/shoumi/apps
    names: [dlp.example.com]
    log_level: info
    log_json: true
    stop_s: 10

FILES in the state folder
  ca.pem                the authority's certificate; agents and operators need it
  ca.key, server.key, policy.key
                        secrets, mode 0600; the server refuses them when others can read them
  store.db              incidents, devices, operators, policies (SQLite), mode 0600
  admin-password        the first administrator's one-time password, where there is no terminal and
                        no --admin-password-file
  lock                  held while the server runs

SIGNALS
  SIGTERM, SIGINT       stop: sessions end after the batch they are writing

EXIT STATUS
  0  stopped as asked
  1  could not start, or failed; the reason is on standard error
  2  bad usage or configuration)";

// One setter a key; false when the value is of the wrong kind.
using Setter = std::function<bool(const YAML::Node&, ServerOptions&)>;

template <typename T>
bool Take(const YAML::Node& node, T& value) {
  return YAML::convert<T>::decode(node, value);
}

bool TakePath(const YAML::Node& node, std::filesystem::path& path) {
  std::string text;
  if (!node.IsScalar() || !Take(node, text)) return false;
  path = text;
  return true;
}

const std::map<std::string, Setter, std::less<>>& Setters() {
  static const std::map<std::string, Setter, std::less<>> setters = {
      {"state", [](const auto& n, auto& o) { return TakePath(n, o.state); }},
      {"listen", [](const auto& n, auto& o) { return n.IsScalar() && Take(n, o.listen); }},
      {"metrics_listen",
       [](const auto& n, auto& o) { return n.IsScalar() && Take(n, o.metrics_listen); }},
      {"packs", [](const auto& n, auto& o) { return TakePath(n, o.packs); }},
      {"apps", [](const auto& n, auto& o) { return TakePath(n, o.apps); }},
      {"admin_password_file",
       [](const auto& n, auto& o) { return TakePath(n, o.admin_password_file); }},
      {"names", [](const auto& n, auto& o) { return n.IsSequence() && Take(n, o.names); }},
      {"log_level", [](const auto& n, auto& o) { return n.IsScalar() && Take(n, o.log_level); }},
      {"log_json", [](const auto& n, auto& o) { return n.IsScalar() && Take(n, o.log_json); }},
      {"stop_s",
       [](const auto& n, auto& o) {
         int seconds = 0;
         if (!n.IsScalar() || !Take(n, seconds)) return false;
         o.stop_max = std::chrono::seconds(seconds);
         return true;
       }},
  };
  return setters;
}

void AddProblem(std::string& problems, const std::string& file, int line, std::string_view what) {
  if (!problems.empty()) problems += '\n';
  problems += fmt::format("{}:{}: {}", file, line + 1, what);
}

bool IsLoopback(std::string_view address) {
  const std::string_view host = address.substr(0, address.rfind(':'));
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace

absl::Status ReadConfig(const std::string& file, std::string_view yaml, ServerOptions& options) {
  std::string problems;
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (root.IsNull()) return absl::OkStatus();
    if (!root.IsMap()) {
      return absl::InvalidArgumentError(fmt::format("{}:1: settings are \"name: value\"", file));
    }
    for (const auto& entry : root) {
      const auto key = entry.first.as<std::string>();
      const auto setter = Setters().find(key);
      if (setter == Setters().end()) {
        AddProblem(problems, file, entry.first.Mark().line, fmt::format("no setting \"{}\"", key));
      } else if (!setter->second(entry.second, options)) {
        AddProblem(problems, file, entry.second.Mark().line,
                   fmt::format("\"{}\" has a value of the wrong kind", key));
      }
    }
  } catch (const YAML::Exception& error) {
    AddProblem(problems, file, error.mark.line, error.msg);
  }
  if (problems.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(problems);
}

absl::Status CheckOptions(const ServerOptions& options) {
  if (options.state.empty()) return absl::InvalidArgumentError("the state folder is empty");
  if (!PortOf(options.listen)) {
    return absl::InvalidArgumentError(fmt::format("--listen {} is not HOST:PORT", options.listen));
  }
  if (!options.metrics_listen.empty() && !PortOf(options.metrics_listen)) {
    return absl::InvalidArgumentError(
        fmt::format("--metrics-listen {} is not HOST:PORT", options.metrics_listen));
  }
  if (!options.metrics_listen.empty() && !IsLoopback(options.metrics_listen)) {
    return absl::InvalidArgumentError(
        fmt::format("--metrics-listen {}: the metrics page is plain HTTP and only served on a "
                    "loopback address; let a local collector forward it",
                    options.metrics_listen));
  }
  static const std::vector<std::string> kLevels = {"trace", "debug", "info",
                                                   "warn",  "error", "off"};
  if (std::find(kLevels.begin(), kLevels.end(), options.log_level) == kLevels.end()) {
    return absl::InvalidArgumentError(fmt::format("no log level \"{}\"", options.log_level));
  }
  if (options.stop_max.count() < 1 || options.stop_max.count() > kStopSecondsMax) {
    return absl::InvalidArgumentError(
        fmt::format("the time to stop is 1 to {} seconds", kStopSecondsMax));
  }
  return absl::OkStatus();
}

int ParseCommandLine(int argc, char** argv, ServerOptions& options) {
  CLI::App app(kDescription, "shoumi-server");
  app.footer(kFooter);
  SetUpHelp(app, SHOUMI_VERSION);
  std::string config;
  int stop_seconds = 0;
  ServerOptions flags;
  app.add_option("--config", config, "YAML file with the settings below")->type_name("FILE");
  app.add_option("--state", flags.state, "folder of keys and store [/var/lib/shoumi-server]")
      ->type_name("DIR");
  app.add_option("--listen", flags.listen, "address for agents and operators [0.0.0.0:7443]")
      ->type_name("HOST:PORT");
  app.add_option("--metrics-listen", flags.metrics_listen,
                 "loopback address of the metrics page /metrics, \"\" for none [127.0.0.1:9464]")
      ->type_name("HOST:PORT");
  app.add_option("--packs", flags.packs, "rule packs for policies that bring none")
      ->type_name("DIR");
  app.add_option("--apps", flags.apps, "catalogue of apps that policies name [the shipped one]")
      ->type_name("DIR");
  app.add_option("--name", flags.names,
                 "further host name or address in the server's certificate; repeatable")
      ->type_name("NAME");
  app.add_option("--admin-password-file", flags.admin_password_file,
                 "where the first administrator's one-time password goes (mode 0600)")
      ->type_name("FILE");
  app.add_option("--log-level", flags.log_level, "trace, debug, info, warn, error or off [info]");
  app.add_flag("--log-json", flags.log_json, "log as JSON, one object a line");
  app.add_option("--stop-seconds", stop_seconds, "how long a stop may take [10]");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return EndOfParse(app, error);
  }

  const auto fail = [](const absl::Status& status) {
    fmt::print(stderr, "shoumi-server: {}\n", std::string(status.message()));
    return 2;
  };
  if (!config.empty()) {
    const auto yaml = ReadFile(config, kConfigBytesMax);
    if (!yaml.ok()) return fail(yaml.status());
    if (auto status = ReadConfig(config, *yaml, options); !status.ok()) return fail(status);
  }
  const auto given = [&](const char* name) { return app.count(name) > 0; };
  if (given("--state")) options.state = flags.state;
  if (given("--listen")) options.listen = flags.listen;
  if (given("--metrics-listen")) options.metrics_listen = flags.metrics_listen;
  if (given("--packs")) options.packs = flags.packs;
  if (given("--apps")) options.apps = flags.apps;
  if (given("--name")) options.names = flags.names;
  if (given("--admin-password-file")) options.admin_password_file = flags.admin_password_file;
  if (given("--log-level")) options.log_level = flags.log_level;
  if (given("--log-json")) options.log_json = true;
  if (given("--stop-seconds")) options.stop_max = std::chrono::seconds(stop_seconds);
  if (auto status = CheckOptions(options); !status.ok()) return fail(status);
  return -1;
}

}  // namespace shoumi::server
