#include "agent/uplink/uplink.h"

#include <random>
#include <utility>

#include "agent/uplink/backoff.h"
#include "agent/uplink/connection.h"
#include "agent/uplink/session.h"
#include "common/crypto/x509.h"
#include "fmt/format.h"
#include "spdlog/spdlog.h"

namespace shoumi::agent {

Uplink::Uplink(Enrolment enrolment, Spool& spool, PolicyKeeper& keeper, Clock& clock,
               UplinkOptions options, UplinkHooks hooks)
    : enrolment_(std::move(enrolment)),
      spool_(spool),
      keeper_(keeper),
      clock_(clock),
      options_(std::move(options)),
      hooks_(std::move(hooks)) {
  status_.detail = "not connected yet";
  status_.since = clock_.WallNow();
}

Uplink::~Uplink() {
  Stop();
}

void Uplink::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Uplink::Stop() {
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    session = session_;
  }
  stop_changed_.notify_all();
  if (session) session->Cancel();
  if (thread_.joinable()) thread_.join();
}

UplinkStatus Uplink::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Uplink::SetConnected() {
  const std::lock_guard lock(mutex_);
  was_connected_ = true;
  status_.connection = v1::AgentStatus::CONNECTION_CONNECTED;
  status_.detail.clear();
  status_.since = clock_.WallNow();
  spdlog::info("uplink: connected to {}", enrolment_.server);
}

void Uplink::SetOffline(const absl::Status& why) {
  const std::lock_guard lock(mutex_);
  if (status_.connection != v1::AgentStatus::CONNECTION_OFFLINE) {
    status_.since = clock_.WallNow();
    spdlog::warn("uplink: off line: {}", std::string(why.message()));
  }
  status_.connection = v1::AgentStatus::CONNECTION_OFFLINE;
  status_.detail = std::string(why.message());
}

void Uplink::SetPolicyDetail(std::string detail) {
  const std::lock_guard lock(mutex_);
  status_.policy_detail = std::move(detail);
}

// False when the uplink is to stop.
bool Uplink::Sleep(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  return !stop_changed_.wait_for(lock, wait, [&] { return stopping_; });
}

void Uplink::Run() {
  std::random_device random;
  Backoff backoff;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      was_connected_ = false;
    }
    const absl::Status status = Connection();
    bool connected = false;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      connected = was_connected_;
    }
    SetOffline(status);
    if (connected) backoff.Reset();
    if (!Sleep(backoff.Next(static_cast<uint32_t>(random())))) return;
  }
}

absl::Status Uplink::RenewIfDue() {
  const auto certificate = crypto::ParseCertificate(enrolment_.certificate_pem);
  if (!certificate.ok()) return certificate.status();
  const auto life = certificate->not_after - certificate->not_before;
  if (clock_.WallNow() < certificate->not_after - life / 3) return absl::OkStatus();
  const auto csr = crypto::CreateCsr(enrolment_.key_pem, enrolment_.device_id);
  if (!csr.ok()) return csr.status();
  const auto stub = v1::AgentService::NewStub(Connect(enrolment_));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + options_.connect_s_max);
  v1::RenewCertificateRequest request;
  request.set_csr_pem(*csr);
  v1::RenewCertificateResponse response;
  const grpc::Status called = stub->RenewCertificate(&context, request, &response);
  if (!called.ok()) return FromGrpc(called);
  const auto matches = crypto::KeyMatches(response.certificate_pem(), enrolment_.key_pem);
  if (!matches.ok()) return matches.status();
  if (!*matches) return absl::DataLossError("the renewed certificate is for another key");
  if (auto status = SaveCertificate(options_.state_dir, response.certificate_pem()); !status.ok()) {
    return status;
  }
  enrolment_.certificate_pem = response.certificate_pem();
  hooks_.report(v1::AgentEvent::KIND_CERTIFICATE_RENEWED, "device certificate renewed");
  return absl::OkStatus();
}

absl::Status Uplink::Connection() {
  if (auto status = RenewIfDue(); !status.ok()) {
    spdlog::warn("uplink: certificate not renewed: {}", std::string(status.message()));
  }
  const auto channel = Connect(enrolment_);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + options_.connect_s_max)) {
    return absl::UnavailableError(
        fmt::format("{} cannot be reached, or is not the enrolled one", enrolment_.server));
  }
  const auto session = std::make_shared<Session>(*this, channel);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return absl::CancelledError("stopping");
    session_ = session;
  }
  absl::Status status = session->Run();
  {
    const std::lock_guard lock(mutex_);
    session_.reset();
  }
  const uint64_t first = session->first_unacknowledged();
  if (absl::IsInvalidArgument(status) && first > 0) {
    if (refused_sequence_ >= first && session->last_sent() == first) {
      const std::string why =
          fmt::format("record {} is left out: {}", first, std::string(status.message()));
      hooks_.report(v1::AgentEvent::KIND_SPOOL_DAMAGED, why);
      skip_through_ = first;
    } else {
      refused_sequence_ = session->last_sent();
    }
  }
  return status;
}

}  // namespace shoumi::agent
