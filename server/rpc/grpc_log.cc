#include "server/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <atomic>

#include "common/log.h"
#include "fmt/format.h"

namespace shoumi::server {
namespace {

std::atomic<RefusalLog*> log_refusals = nullptr;  // gRPC calls a function without context

void Log(gpr_log_func_args* args) {
  RefusalLog* const refusals = log_refusals;
  // Its errors are those of one connection: the server itself goes on.
  if (args->severity == GPR_LOG_SEVERITY_ERROR && refusals != nullptr) {
    refusals->Line("gRPC", fmt::format("gRPC: {}", args->message));
  } else {
    spdlog::debug("gRPC: {}", args->message);
  }
}

}  // namespace

GrpcLog::GrpcLog(RefusalLog& refusals) {
  log_refusals = &refusals;
  gpr_set_log_function(Log);
}

GrpcLog::~GrpcLog() {
  gpr_set_log_function(nullptr);
  log_refusals = nullptr;
}

}  // namespace shoumi::server
