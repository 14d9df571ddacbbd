#include "server/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include "common/log.h"

namespace shoumi::server {
namespace {

void Log(gpr_log_func_args* args) {
  // Its errors are those of one connection: the server itself goes on.
  spdlog::log(args->severity == GPR_LOG_SEVERITY_ERROR ? spdlog::level::warn : spdlog::level::debug,
              "gRPC: {}", args->message);
}

}  // namespace

GrpcLog::GrpcLog() {
  gpr_set_log_function(Log);
}

GrpcLog::~GrpcLog() {
  gpr_set_log_function(nullptr);
}

}  // namespace shoumi::server
