#pragma once

#include <grpcpp/grpcpp.h>

#include <string_view>
#include <utility>

#include "server/rpc/services.h"

namespace shoumi::server {

// Runs `work`, which returns absl::Status, on the workers and finishes the call with its result.
// gRPC keeps context, request and response until then. `call` is what the log names it, a literal.
template <typename Work>
grpc::ServerUnaryReactor* RunUnary(const Services& services, grpc::CallbackServerContext* context,
                                   std::string_view call, Work work) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const bool queued = services.workers.Submit(
      [&services, context, reactor, call, work = std::move(work)]() mutable {
        const absl::Status status = work();
        services.refusals.Call(call, PeerAddress(*context), status);
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
