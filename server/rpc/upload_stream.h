#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "server/rpc/idle_watch.h"
#include "server/rpc/services.h"

namespace shoumi::server {

// Takes an operator's upload in. Deletes itself. One job at a time: the next message is read when
// the one before has been worked on.
template <class Request>
class UploadStream : public grpc::ServerReadReactor<Request> {
 public:
  // `call` is what the log names it, a literal.
  UploadStream(const Services& services, grpc::CallbackServerContext& context,
               std::string_view call)
      : services_(services), context_(context), call_(call) {}

  // Once, right after it was made.
  void Start() {
    Work([this] { Begin(); });
  }

  void OnReadDone(bool ok) override {
    idle_.Stop();
    if (ok) {
      Work([this] { TakeNext(); });
    } else if (context_.IsCancelled()) {
      FinishWith(absl::CancelledError("the operator went away"));
    } else {
      Work([this] { FinishWith(Conclude()); });
    }
  }
  void OnDone() override { delete this; }

 protected:
  // On a worker, in order.
  virtual absl::Status Take(const Request& request) = 0;
  virtual absl::Status Conclude() = 0;
  // Lets go of what was taken; the call is over.
  virtual void Drop() = 0;

  [[nodiscard]] const Services& services() const { return services_; }
  [[nodiscard]] const std::string& operator_name() const { return operator_; }

 private:
  void Work(std::function<void()> job) {
    if (!services_.workers.Submit(std::move(job))) {
      FinishWith(absl::ResourceExhaustedError("the server is busy; try again"));
    }
  }
  void Begin() {
    auto identity = services_.operators.Authenticate(BearerToken(context_));
    if (!identity.ok()) return FinishWith(identity.status());
    if (identity->must_change_password) {
      return FinishWith(absl::FailedPreconditionError(
          "the one-time password must be changed first: shoumictl passwd"));
    }
    operator_ = identity->name;
    Read();
  }
  void TakeNext() {
    if (auto status = Take(request_); !status.ok()) return FinishWith(status);
    Read();
  }
  void Read() {
    idle_.Start(std::chrono::milliseconds(services_.bounds.import_idle_ms_max));
    this->StartRead(&request_);
  }
  void FinishWith(const absl::Status& status) {
    Drop();
    services_.refusals.Call(call_, PeerAddress(context_), status);
    services_.counters.Count(status);
    this->Finish(ToGrpc(status));
  }

  const Services& services_;
  grpc::CallbackServerContext& context_;
  const std::string_view call_;
  Request request_;
  std::string operator_;
  IdleWatch idle_{context_};
};

}  // namespace shoumi::server
