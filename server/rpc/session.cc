#include "server/rpc/session.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <utility>

#include "common/ids.h"
#include "common/log.h"
#include "fmt/format.h"

namespace shoumi::server {

Session* Session::Start(grpc::CallbackServerContext& context, const Services& services) {
  const std::shared_ptr<Session> session(new Session(services));
  session->self_ = session;
  std::string certificate = PeerCertificate(context);
  session->peer_ = PeerAddress(context);
  if (certificate.empty()) {
    session->Refuse(absl::UnauthenticatedError("a device certificate of this server is needed"));
    return session.get();
  }
  const bool queued = services.workers.Submit(
      [session, certificate = std::move(certificate)] { session->Authenticate(certificate); });
  if (!queued) session->Refuse(absl::ResourceExhaustedError("the server is busy; try again"));
  return session.get();
}

void Session::Refuse(const absl::Status& status) {
  services_.refusals.Call("session", peer_, status);
  FinishWith(status);
}

void Session::Authenticate(const std::string& certificate_pem) {
  const auto device = services_.devices.Authenticate(certificate_pem);
  if (!device.ok()) return Refuse(device.status());
  device_id_ = device->row.device_id;
  const auto status =
      services_.fleet.Open(device->row, device->certificate_expires, peer_, shared_from_this());
  if (!status.ok()) return Refuse(status);
  bool gone = false;
  {
    const std::lock_guard lock(mutex_);
    opened_ = true;
    gone = done_;
  }
  if (gone) {
    services_.fleet.Close(device_id_, this);
    return;
  }
  // A revocation between the look-up and Open found no session to end.
  if (const auto again = services_.devices.Authenticate(certificate_pem); !again.ok()) {
    End(again.status());
    return;
  }
  ReadNext();
}

void Session::ReadNext() {
  const std::lock_guard lock(mutex_);
  if (!finished_) StartRead(&incoming_);
}

void Session::OnReadDone(bool ok) {
  if (!ok) {
    FinishWith(absl::OkStatus());
    return;
  }
  v1::AgentMessage message;
  if (!grpc::SerializationTraits<v1::AgentMessage>::Deserialize(&incoming_, &message).ok()) {
    FinishWith(absl::InvalidArgumentError(
        "the message is not valid protobuf, or a text in it is not UTF-8"));
    return;
  }
  Handle(message);
}

void Session::Handle(const v1::AgentMessage& message) {
  absl::Status status;
  bool read_on = true;
  if (message.body_case() != v1::AgentMessage::kHello && !greeted_ &&
      message.body_case() != v1::AgentMessage::BODY_NOT_SET) {
    status = absl::InvalidArgumentError("the first message must be Hello");
  } else {
    switch (message.body_case()) {
      case v1::AgentMessage::kHello:
        status = HandleHello(message.hello());
        break;
      case v1::AgentMessage::kHeartbeat:
        status = HandleHeartbeat(message.heartbeat());
        break;
      case v1::AgentMessage::kPolicyResult:
        status = HandlePolicyResult(message.policy_result());
        break;
      case v1::AgentMessage::kRecords:
        status = HandleRecords(message.records());
        read_on = false;  // RecordsDone reads on
        break;
      case v1::AgentMessage::BODY_NOT_SET:
        status = absl::InvalidArgumentError("a message without a known body");
        break;
    }
  }
  if (!status.ok()) {
    services_.refusals.Line(device_id_, fmt::format("device {}: session ended: {}", device_id_,
                                                    std::string(status.message())));
    FinishWith(status);
  } else if (read_on) {
    ReadNext();
  }
}

absl::Status Session::CheckState(const v1::AgentState& state) const {
  if (state.ByteSizeLong() > services_.bounds.state_bytes_max) {
    return absl::InvalidArgumentError(
        fmt::format("the state is larger than {} bytes", services_.bounds.state_bytes_max));
  }
  if (state.policy_version() > static_cast<uint64_t>(INT64_MAX)) {
    return absl::InvalidArgumentError("the state's policy version is out of range");
  }
  for (const v1::ChannelState& channel : state.channels()) {
    if (channel.channel().empty() || channel.coverage() == v1::COVERAGE_UNSPECIFIED ||
        !v1::Coverage_IsValid(channel.coverage())) {
      return absl::InvalidArgumentError("the state has a channel without name or known coverage");
    }
  }
  return absl::OkStatus();
}

absl::Status Session::CountControlMessage() {
  const Clock::Steady now = services_.clock.Now();
  if (now - control_since_ >= std::chrono::minutes(1)) {
    control_since_ = now;
    control_messages_ = 0;
  }
  if (++control_messages_ > services_.bounds.control_messages_per_minute_max) {
    return absl::ResourceExhaustedError("too many heartbeats or policy results in a minute");
  }
  return absl::OkStatus();
}

absl::Status Session::HandleHello(const v1::Hello& hello) {
  if (std::exchange(greeted_, true)) return absl::InvalidArgumentError("a second Hello");
  if (auto status = CheckHostname(hello.hostname()); !status.ok()) return status;
  if (!hello.has_state()) return absl::InvalidArgumentError("Hello without a state");
  if (auto status = CheckState(hello.state()); !status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    welcome_ = true;
    WriteNextLocked();
  }
  services_.fleet.Hello(device_id_, this, hello.hostname(), hello.state());
  return absl::OkStatus();
}

absl::Status Session::HandleHeartbeat(const v1::Heartbeat& heartbeat) {
  if (auto status = CountControlMessage(); !status.ok()) return status;
  if (!heartbeat.has_state()) return absl::InvalidArgumentError("Heartbeat without a state");
  if (auto status = CheckState(heartbeat.state()); !status.ok()) return status;
  services_.fleet.Heartbeat(device_id_, this, heartbeat.state());
  return absl::OkStatus();
}

absl::Status Session::HandlePolicyResult(const v1::PolicyResult& result) {
  if (auto status = CountControlMessage(); !status.ok()) return status;
  if (result.version() == 0 || result.version() > static_cast<uint64_t>(INT64_MAX)) {
    return absl::InvalidArgumentError("a policy result without a valid version");
  }
  switch (result.outcome()) {
    case v1::PolicyResult::OUTCOME_IN_FORCE:
      services_.fleet.InForce(device_id_, this, result.version());
      return absl::OkStatus();
    case v1::PolicyResult::OUTCOME_REFUSED:
      services_.fleet.Refused(device_id_, this, result.version(), result.error());
      return absl::OkStatus();
    default:
      return absl::InvalidArgumentError("the policy result's outcome is unspecified or unknown");
  }
}

absl::Status Session::HandleRecords(const v1::RecordBatch& batch) {
  services_.fleet.Touch(device_id_, this);
  auto rows =
      ToRows(batch.records(), device_id_, services_.clock.WallNow(), services_.bounds.records);
  if (!rows.ok()) return rows.status();
  const uint64_t last = rows->records.back().sequence;
  {
    const std::lock_guard lock(mutex_);
    if (finished_) return absl::OkStatus();
    batch_in_work_ = true;
  }
  auto status = services_.ingest.Submit(
      std::move(*rows), [self = shared_from_this(), last](const absl::Status& done) {
        self->RecordsDone(last, done);
      });
  if (!status.ok()) {
    const std::lock_guard lock(mutex_);
    batch_in_work_ = false;
  }
  return status;
}

void Session::RecordsDone(uint64_t last_sequence, const absl::Status& status) {
  std::optional<absl::Status> end;
  {
    const std::lock_guard lock(mutex_);
    batch_in_work_ = false;
    if (finished_) return;
    end = std::exchange(end_after_batch_, std::nullopt);
    if (status.ok()) {
      ack_ = last_sequence;
      WriteNextLocked();
    } else {
      end = status;
    }
    if (!end) StartRead(&incoming_);
  }
  if (end) FinishWith(*end);
}

void Session::SendOffer(const Offer& offer) {
  const std::lock_guard lock(mutex_);
  offer_ = offer;  // replaces one that was not sent yet
  WriteNextLocked();
}

void Session::WriteNextLocked() {
  if (writing_ || finished_) return;
  v1::ServerMessage message;
  if (std::exchange(welcome_, false)) {
    *message.mutable_welcome()->mutable_server_time() = ToProtoTime(services_.clock.WallNow());
    message.mutable_welcome()->set_heartbeat_interval_s(services_.bounds.heartbeat_interval_s);
  } else if (ack_) {
    message.mutable_ack()->set_sequence(*ack_);
    ack_.reset();
  } else if (offer_) {
    message.mutable_policy()->set_version(offer_->version);
    message.mutable_policy()->set_sha256(offer_->sha256);
    message.mutable_policy()->set_size_bytes(offer_->size_bytes);
    offer_.reset();
  } else {
    return;
  }
  bool own = false;
  outgoing_.Clear();  // serialising into a buffer that is in use ends the process
  (void)grpc::SerializationTraits<v1::ServerMessage>::Serialize(message, &outgoing_, &own);
  writing_ = true;
  StartWrite(&outgoing_);
}

void Session::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  if (ok) WriteNextLocked();
}

void Session::End(const absl::Status& why) {
  {
    const std::lock_guard lock(mutex_);
    if (batch_in_work_ && !finished_) {
      end_after_batch_ = why;
      return;
    }
  }
  FinishWith(why);
}

void Session::FinishWith(const absl::Status& status) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(finished_, true)) return;
  }
  services_.counters.Count(status);
  Finish(ToGrpc(status));
}

void Session::OnCancel() {
  FinishWith(absl::CancelledError("the agent went away"));
}

void Session::OnDone() {
  bool close = false;
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
    close = opened_;
  }
  if (close) services_.fleet.Close(device_id_, this);
  self_.reset();
}

}  // namespace shoumi::server
