#include <pthread.h>
#include <signal.h>

#include <cstdio>

#include "common/log.h"
#include "fmt/format.h"
#include "server/main/notify.h"
#include "server/main/options.h"
#include "server/main/service.h"
#include "server/rpc/grpc_log.h"

namespace {

// Blocked in every thread and waited for in one, so that stopping is ordinary code.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

void SayHowToReach(const shoumi::server::ServerOptions& options,
                   const shoumi::server::ServerProcess& server) {
  std::string names;
  for (const std::string& name : server.authority().server_names()) {
    names += fmt::format(" {}", name);
  }
  fmt::print(
      "shoumi-server {} listens on {} (port {})\n"
      "  certificate for:{}\n"
      "  CA:             {}\n"
      "  CA SHA-256:     {}\n",
      SHOUMI_VERSION, options.listen, server.port(), names, (options.state / "ca.pem").string(),
      server.authority().ca_fingerprint());
  if (!options.metrics_listen.empty()) {
    fmt::print("  metrics:        http://{}/metrics\n", options.metrics_listen);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  shoumi::server::ServerOptions options;
  if (const int status = shoumi::server::ParseCommandLine(argc, argv, options); status >= 0) {
    return status;
  }
  const sigset_t signals = BlockStopSignals();
  shoumi::SetUpLogging("shoumi-server", options.log_level, options.log_json);
  shoumi::server::RefusalLog refusals({}, shoumi::Clock::Real());
  const shoumi::server::GrpcLog grpc_log(refusals);
  auto server = shoumi::server::ServerProcess::Start(options, refusals);
  if (!server.ok()) {
    fmt::print(stderr, "shoumi-server: {}\n", std::string(server.status().message()));
    return 1;
  }
  SayHowToReach(options, **server);
  spdlog::info("ready on {}", options.listen);
  shoumi::server::NotifySystemd("READY=1");

  int received = 0;
  sigwait(&signals, &received);
  spdlog::info("stopping on signal {}", received);
  shoumi::server::NotifySystemd("STOPPING=1");
  (*server)->Stop();
  server->reset();
  spdlog::info("stopped");
  return 0;
}
