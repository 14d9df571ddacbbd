#include "server/rpc/server.h"

#include <grpcpp/security/server_credentials.h>

#include <utility>

#include "common/log.h"
#include "fmt/format.h"

namespace shoumi::server {
namespace {

constexpr int kKeepaliveMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kClientPingIntervalMsMin = 5'000;

std::shared_ptr<grpc::ServerCredentials> Credentials(const CertificateAuthority& authority) {
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = authority.ca_pem();
  options.pem_key_cert_pairs.push_back(
      {authority.server_key_pem(), authority.server_certificate_pem()});
  return grpc::SslServerCredentials(options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const RpcServerOptions& options,
                                                            const Services& services) {
  std::unique_ptr<RpcServer> server(new RpcServer(services));
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.listen, Credentials(services.authority), &server->port_);
  builder.RegisterService(&server->agents_);
  builder.RegisterService(&server->operators_);
  builder.SetMaxReceiveMessageSize(static_cast<int>(services.bounds.message_bytes_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             static_cast<int>(services.bounds.streams_per_connection_max));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             services.bounds.handshake_ms_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                             services.bounds.connection_idle_ms_max);
  // Two servers on one port would each get half of the agents.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kClientPingIntervalMsMin);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || server->port_ == 0) {
    return absl::UnavailableError(fmt::format(
        "cannot listen on {}: is it in use, or not an address of this machine?", options.listen));
  }
  services.policy.SetListener([&services](const std::shared_ptr<const PublishedBundle>& bundle) {
    services.fleet.OfferToAll({bundle->version, bundle->sha256, bundle->bytes.size()});
  });
  if (const auto bundle = services.policy.Current()) {
    services.fleet.OfferToAll({bundle->version, bundle->sha256, bundle->bytes.size()});
  }
  server->ticker_ = std::thread([raw = server.get(), tick = options.tick] { raw->Tick(tick); });
  return server;
}

RpcServer::~RpcServer() {
  Stop(std::chrono::milliseconds(0));
}

void RpcServer::Tick(std::chrono::milliseconds interval) {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, interval, [&] { return stopping_; })) {
    lock.unlock();
    if (const auto status = services_.fleet.Tick(); !status.ok()) {
      spdlog::error("device states are not stored: {}", status.ToString());
    }
    services_.refusals.Tick();
    lock.lock();
  }
}

void RpcServer::Stop(std::chrono::milliseconds deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  stop_.notify_all();
  if (ticker_.joinable()) ticker_.join();
  if (server_ == nullptr) return;
  bool down = false;
  std::thread shutdown([&] {
    server_->Shutdown(std::chrono::system_clock::now() + deadline);
    server_->Wait();
    const std::lock_guard lock(mutex_);
    down = true;
    stop_.notify_all();
  });
  {
    // Again and again: a session may have been on its way when the listener closed.
    std::unique_lock lock(mutex_);
    do {
      lock.unlock();
      services_.fleet.EndAll(absl::UnavailableError("the server is stopping"));
      services_.deltas.AnswerAll();
      lock.lock();
    } while (!stop_.wait_for(lock, std::chrono::milliseconds(50), [&] { return down; }));
  }
  shutdown.join();
  if (const auto status = services_.fleet.Tick(); !status.ok()) {
    spdlog::error("device states are not stored: {}", status.ToString());
  }
}

}  // namespace shoumi::server
