#pragma once

namespace shoumi::server {

// While it lives, what gRPC itself has to say (a TLS handshake that failed, a port in use) goes to
// the log like everything else. One a process.
class GrpcLog {
 public:
  GrpcLog();
  ~GrpcLog();
  GrpcLog(const GrpcLog&) = delete;
  GrpcLog& operator=(const GrpcLog&) = delete;
};

}  // namespace shoumi::server
