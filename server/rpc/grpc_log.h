#pragma once

#include "server/rpc/refusal_log.h"

namespace shoumi::server {

// While it lives, what gRPC itself has to say (a TLS handshake that failed, a port in use) goes to
// the log within the bounds of `refusals`, which outlives it. One a process.
class GrpcLog {
 public:
  explicit GrpcLog(RefusalLog& refusals);
  ~GrpcLog();
  GrpcLog(const GrpcLog&) = delete;
  GrpcLog& operator=(const GrpcLog&) = delete;
};

}  // namespace shoumi::server
