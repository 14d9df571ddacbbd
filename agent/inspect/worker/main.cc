#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "agent/inspect/wire/frame.h"
#include "agent/inspect/worker/zygote.h"
#include "common/log.h"
#include "fmt/format.h"

namespace {

constexpr std::string_view kUsage =
    "shoumi-inspect: inspects content for shoumi-agent and shoumi, which start it.\n"
    "usage: shoumi-inspect [--user ACCOUNT] [--version]\n"
    "  --user ACCOUNT  account that the workers run as (needs root)\n"
    "Not started by hand: it wants one end of a local socket as descriptor 3.\n";

bool IsSocket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

int Run(int argc, char** argv) {
  std::string user;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--version") {
      fmt::print("shoumi-inspect {}\n", SHOUMI_VERSION);
      return 0;
    }
    if (argument != "--user" || i + 1 == argc) {
      fmt::print(stderr, "{}", kUsage);
      return argument == "--help" ? 0 : 2;
    }
    user = argv[++i];
  }
  if (!IsSocket(shoumi::inspect::kInspectorSocket)) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  shoumi::SetUpLogging("shoumi-inspect", "info", false);
  const absl::Status status = shoumi::inspect::RunZygote(shoumi::inspect::kInspectorSocket, user);
  if (status.ok()) return 0;
  spdlog::error("{}", status.ToString());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "shoumi-inspect: {}\n", error.what());
    return 1;
  }
}
