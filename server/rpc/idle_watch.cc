#include "server/rpc/idle_watch.h"

namespace shoumi::server {

IdleWatch::IdleWatch(grpc::CallbackServerContext& context) : shared_(std::make_shared<Shared>()) {
  shared_->context = &context;
}

IdleWatch::~IdleWatch() {
  const std::lock_guard lock(shared_->mutex);
  shared_->context = nullptr;
}

void IdleWatch::Start(std::chrono::milliseconds idle_max) {
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(std::chrono::system_clock::now() + idle_max, [shared = shared_](bool over) {
    const std::lock_guard lock(shared->mutex);
    if (over && shared->context != nullptr) shared->context->TryCancel();
  });
}

}  // namespace shoumi::server
