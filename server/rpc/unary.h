#pragma once

#include <grpcpp/grpcpp.h>

#include <utility>

#include "server/rpc/services.h"

namespace shoumi::server {

// Runs `work`, which returns absl::Status, on the workers and finishes the call with its result.
// gRPC keeps request and response until then.
template <typename Work>
grpc::ServerUnaryReactor* RunUnary(const Services& services, grpc::CallbackServerContext* context,
                                   Work work) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const bool queued =
      services.workers.Submit([&services, reactor, work = std::move(work)]() mutable {
        const absl::Status status = work();
        services.counters.Count(status);
        reactor->Finish(ToGrpc(status));
      });
  if (!queued) {
    const auto busy = absl::ResourceExhaustedError("the server is busy; try again");
    services.counters.Count(busy);
    reactor->Finish(ToGrpc(busy));
  }
  return reactor;
}

}  // namespace shoumi::server
