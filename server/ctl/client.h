#pragma once

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/ctl/global.h"
#include "shoumi/v1/operator_service.grpc.pb.h"

namespace shoumi::ctl {

// Calls of one operator at one server, each with a deadline. Not thread-safe.
class Client {
 public:
  using Service = v1::OperatorService;

  struct Options {
    std::string server;  // for messages
    std::string token;   // empty: before the login
    std::chrono::seconds timeout{30};
  };
  Client(const std::shared_ptr<grpc::Channel>& channel, Options options)
      : options_(std::move(options)), stub_(Service::NewStub(channel)) {}

  // The answer, or one sentence that says what went wrong and what to do.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*,
                                                                      const Request&, Response*),
                                const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
    if (!options_.token.empty()) {
      context.AddMetadata("authorization", "Bearer " + options_.token);
    }
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return Explain(status);
    return response;
  }

  // A call that sends many messages: `next(request)` fills in each and returns false at the end.
  template <typename Request, typename Response, typename Next>
  absl::StatusOr<Response> Upload(std::unique_ptr<grpc::ClientWriter<Request>> (
                                      Service::Stub::*method)(grpc::ClientContext*, Response*),
                                  std::chrono::seconds time_max, Next next) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + time_max);
    context.AddMetadata("authorization", "Bearer " + options_.token);
    Response response;
    const auto writer = (stub_.get()->*method)(&context, &response);
    for (;;) {
      Request request;
      const absl::StatusOr<bool> more = next(request);
      if (!more.ok()) {
        context.TryCancel();
        writer->Finish();
        return more.status();
      }
      // A write that fails is explained by how the call ends.
      if (!*more || !writer->Write(request)) break;
    }
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    if (!status.ok()) return Explain(status);
    return response;
  }

 private:
  [[nodiscard]] absl::Status Explain(const grpc::Status& status) const;

  const Options options_;
  const std::unique_ptr<Service::Stub> stub_;
};

// Before the login. `server` and `ca_file` are both needed.
absl::StatusOr<std::unique_ptr<Client>> Connect(const std::string& server,
                                                const std::string& ca_file,
                                                const Client::Options& options);

// With the saved login; flags win over what it says, but its token goes to its own server only.
absl::StatusOr<std::unique_ptr<Client>> SignedIn(const Global& global);

// Asks for pages until `rows_max` rows came or the list ends. `request` has a page size and a page
// token; `take(response)` returns how many rows it took.
template <typename Request, typename Response, typename Take>
absl::Status ForEachPage(Client& client,
                         grpc::Status (Client::Service::Stub::*method)(grpc::ClientContext*,
                                                                       const Request&, Response*),
                         Request request, uint64_t rows_max, Take take) {
  constexpr uint64_t kPageRowsMax = 500;
  for (uint64_t rows = 0; rows < rows_max;) {
    request.set_page_size(static_cast<uint32_t>(std::min(kPageRowsMax, rows_max - rows)));
    auto response = client.Call(method, request);
    if (!response.ok()) return response.status();
    const std::string next = response->next_page_token();
    if (next == request.page_token() && !next.empty()) {
      return absl::InternalError("the server gave the same page twice");
    }
    rows += take(*response);
    if (next.empty()) break;
    request.set_page_token(next);
  }
  return absl::OkStatus();
}

}  // namespace shoumi::ctl
