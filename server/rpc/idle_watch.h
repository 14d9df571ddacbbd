#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <mutex>

namespace shoumi::server {

// Ends a call whose other side has gone quiet. Not thread-safe but for what the alarm does.
class IdleWatch {
 public:
  // `context` lives until the watch is gone.
  explicit IdleWatch(grpc::CallbackServerContext& context);
  ~IdleWatch();
  IdleWatch(const IdleWatch&) = delete;
  IdleWatch& operator=(const IdleWatch&) = delete;

  void Start(std::chrono::milliseconds idle_max);
  void Stop() { alarm_.reset(); }

 private:
  struct Shared {
    std::mutex mutex;
    grpc::CallbackServerContext* context = nullptr;
  };

  const std::shared_ptr<Shared> shared_;
  std::unique_ptr<grpc::Alarm> alarm_;
};

}  // namespace shoumi::server
