#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "server/rpc/agent_service.h"
#include "server/rpc/operator_service.h"
#include "server/rpc/services.h"

namespace shoumi::server {

struct RpcServerOptions {
  std::string listen = "0.0.0.0:7443";
  std::chrono::milliseconds tick{1000};
};

// The one TLS listener: TLS 1.2 or later, client certificates asked for and verified when shown.
class RpcServer {
 public:
  // `services` outlives the object. Unavailable when the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const RpcServerOptions& options,
                                                          const Services& services);
  ~RpcServer();

  // Ends every session after the batch it has in work, waits for running calls until `deadline`,
  // then cancels what is left. Later calls do nothing.
  void Stop(std::chrono::milliseconds deadline);

  [[nodiscard]] int port() const { return port_; }

 private:
  explicit RpcServer(const Services& services)
      : services_(services), agents_(services), operators_(services) {}
  void Tick(std::chrono::milliseconds interval);

  const Services& services_;
  AgentServiceHandlers agents_;
  OperatorServiceHandlers operators_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread ticker_;
};

}  // namespace shoumi::server
