#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace shoumi::server {

struct ServerOptions {
  std::filesystem::path state = "/var/lib/shoumi-server";
  std::string listen = "0.0.0.0:7443";
  std::string metrics_listen = "127.0.0.1:9464";  // empty: no metrics page
  std::filesystem::path packs;                    // empty: none are shipped
  std::filesystem::path apps;                     // empty: ShippedApps()
  std::filesystem::path admin_password_file;      // empty: terminal, else a file in `state`
  std::vector<std::string> names;
  std::string log_level = "info";
  bool log_json = false;
  std::chrono::seconds stop_max{10};
};

// The YAML file of --config. InvalidArgument with one "file:line: what" a line of the message.
absl::Status ReadConfig(const std::string& file, std::string_view yaml, ServerOptions& options);

// What no source may set: InvalidArgument with one sentence.
absl::Status CheckOptions(const ServerOptions& options);

// Fills `options`; >= 0 when the program should end with that status (help, version, bad usage).
int ParseCommandLine(int argc, char** argv, ServerOptions& options);

}  // namespace shoumi::server
