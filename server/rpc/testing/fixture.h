#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "server/rpc/grpc_log.h"
#include "server/rpc/server.h"
#include "server/rpc/testing/log_capture.h"
#include "shoumi/v1/agent_service.grpc.pb.h"
#include "shoumi/v1/operator_service.grpc.pb.h"

namespace shoumi::server {

// Real time, which a test can move forward.
class ShiftedClock final : public Clock {
 public:
  [[nodiscard]] Steady Now() const override { return Real().Now() + shift(); }
  [[nodiscard]] Wall WallNow() const override { return Real().WallNow() + shift(); }
  void Advance(std::chrono::nanoseconds by) { shift_ns_ += by.count(); }

 private:
  [[nodiscard]] std::chrono::nanoseconds shift() const {
    return std::chrono::nanoseconds(shift_ns_.load());
  }
  std::atomic<int64_t> shift_ns_ = 0;
};

// What a caller shows to TLS; empty: no client certificate.
struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
};
struct TestDevice {
  std::string device_id;
  Certificate certificate;
};

// All parts of the server in the order in which the process makes them, on one state folder, with
// real TLS over loopback. Every call of a test has a deadline.
class RpcTest : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kDeadline{30};
  static constexpr std::string_view kPassword = "correct horse battery";

  void SetUp() override;
  void TearDown() override;

  // On the state that is there. `bounds` and the options apply from the next start.
  void StartServer();
  // As the process does: calls and sessions, queued records, then the store.
  void StopServer(std::chrono::milliseconds deadline = std::chrono::seconds(10));

  [[nodiscard]] std::string Address() const;
  [[nodiscard]] std::shared_ptr<grpc::Channel> Connect(const Certificate& certificate = {}) const;
  [[nodiscard]] Certificate Issue(std::string_view common_name) const;
  static void SetDeadline(grpc::ClientContext& context);
  static void SetToken(grpc::ClientContext& context, std::string_view token);

  // One-time enrolment token, straight from the server's own part.
  std::string EnrolmentToken(std::chrono::seconds valid = std::chrono::seconds(0));
  // Over the wire.
  absl::Status Enrol(const v1::EnrolRequest& request, v1::EnrolResponse* response = nullptr);
  static v1::EnrolRequest EnrolmentRequest(std::string_view token, std::string_view csr_pem);
  TestDevice EnrolDevice(std::string_view hostname = "pc-1");

  absl::StatusOr<v1::LoginResponse> Login(std::string_view user, std::string_view password);
  // A token of "admin", whose one-time password is changed to kPassword.
  std::string AdminToken();

  // One call of the operator service with this token over `channel`.
  template <typename Request, typename Response>
  using OperatorMethod = grpc::Status (v1::OperatorService::Stub::*)(grpc::ClientContext*,
                                                                     const Request&, Response*);
  template <typename Request, typename Response>
  absl::StatusOr<Response> Operate(OperatorMethod<Request, Response> method, const Request& request,
                                   std::string_view token) {
    const auto stub = v1::OperatorService::NewStub(Connect());
    grpc::ClientContext context;
    SetDeadline(context);
    if (!token.empty()) SetToken(context, token);
    Response response;
    const grpc::Status status = ((*stub).*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }
  absl::StatusOr<v1::ApplyPolicyResponse> ApplyPolicy(std::string_view yaml,
                                                      std::string_view token);
  // What ListDevices says of it.
  v1::DeviceRow Device(std::string_view device_id, std::string_view token);

  static absl::Status FromGrpc(const grpc::Status& status);
  // Polls until it holds; false after kDeadline.
  static bool WaitFor(const std::function<bool()>& holds);

  std::filesystem::path folder;
  ShiftedClock clock;
  LogCapture log;
  RefusalLog refusals{RefusalLogLimits{}, clock};
  GrpcLog grpc_log{refusals};
  std::string starter;     // the shipped policy
  std::string one_time;    // password of "admin" as it was delivered
  RpcBounds bounds;        // of the next start
  PeerLimits peer_limits;  // of the next start
  OperatorOptions operator_options;
  DeltaOptions delta_options;  // of the next start

  std::unique_ptr<Store> store;
  std::unique_ptr<CertificateAuthority> authority;
  std::unique_ptr<DeviceIdentity> devices;
  std::unique_ptr<Operators> operators;
  std::unique_ptr<PolicyPublisher> policy;
  std::unique_ptr<IndexShelf> indexes;
  std::unique_ptr<Registries> registries;
  std::unique_ptr<Collections> collections;
  std::unique_ptr<DeltaShelf> deltas;
  std::unique_ptr<RecordIngest> ingest;
  std::unique_ptr<Fleet> fleet;
  std::unique_ptr<WorkerPool> workers;
  std::unique_ptr<RpcCounters> counters;
  std::unique_ptr<PeerLimiter> anonymous;
  std::unique_ptr<Services> services;
  std::unique_ptr<RpcServer> server;
};

}  // namespace shoumi::server
