#include "agent/uplink/session.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "agent/uplink/connection.h"
#include "agent/uplink/fetch.h"
#include "fmt/format.h"
#include "spdlog/spdlog.h"

namespace shoumi::agent {
namespace {

constexpr std::chrono::milliseconds kTick{1000};
constexpr std::chrono::seconds kHeartbeatMin{1};
constexpr std::chrono::seconds kHeartbeatMax{3600};

}  // namespace

Session::Session(Uplink& uplink, const std::shared_ptr<grpc::Channel>& channel)
    : uplink_(uplink),
      stub_(v1::AgentService::NewStub(channel)),
      heartbeat_(uplink.options_.heartbeat_s) {
  const Clock::Steady now = uplink_.clock_.Now();
  last_progress_ = now;
  next_heartbeat_ = now + heartbeat_;
  acknowledged_ = std::max(uplink_.spool_.stats().acknowledged, uplink_.skip_through_);
  sent_ = acknowledged_;
}

void Session::Cancel() {
  context_.TryCancel();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
}

uint64_t Session::first_unacknowledged() const {
  const std::lock_guard lock(mutex_);
  return sent_ > acknowledged_ ? acknowledged_ + 1 : 0;
}

uint64_t Session::last_sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
}

bool Session::Write(const v1::AgentMessage& message) {
  const std::lock_guard lock(write_mutex_);
  return stream_->Write(message);
}

absl::Status Session::Run() {
  stream_ = stub_->Session(&context_);
  v1::AgentMessage hello;
  hello.mutable_hello()->set_hostname(Hostname());
  *hello.mutable_hello()->mutable_state() = uplink_.hooks_.state();
  std::thread sender;
  if (Write(hello)) {
    v1::ServerMessage message;
    while (stream_->Read(&message)) {
      if (message.has_welcome() && !sender.joinable()) {
        uplink_.SetConnected();
        sender = std::thread([this] { Send(); });
      }
      Handle(message);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  if (sender.joinable()) sender.join();
  const absl::Status status = FromGrpc(stream_->Finish());
  const std::lock_guard lock(mutex_);
  if (!why_.empty()) return absl::UnavailableError(why_);
  return status.ok() ? absl::UnavailableError("the server ended the session") : status;
}

void Session::Handle(const v1::ServerMessage& message) {
  switch (message.body_case()) {
    case v1::ServerMessage::kWelcome: {
      const std::lock_guard lock(mutex_);
      const std::chrono::seconds wanted(message.welcome().heartbeat_interval_s());
      if (wanted.count() > 0) heartbeat_ = std::clamp(wanted, kHeartbeatMin, kHeartbeatMax);
      next_heartbeat_ = uplink_.clock_.Now() + heartbeat_;
      break;
    }
    case v1::ServerMessage::kAck: {
      uplink_.spool_.Acknowledge(message.ack().sequence());
      const std::lock_guard lock(mutex_);
      acknowledged_ = std::max(acknowledged_, std::min(message.ack().sequence(), sent_));
      last_progress_ = uplink_.clock_.Now();
      break;
    }
    case v1::ServerMessage::kPolicy:
      HandleOffer(message.policy());
      break;
    case v1::ServerMessage::BODY_NOT_SET:
      spdlog::debug("uplink: message of a newer server left aside");
      break;
  }
  changed_.notify_all();
}

absl::Status Session::TakeOffer(const v1::PolicyOffer& offer) {
  PolicyKeeper& keeper = uplink_.keeper_;
  if (offer.version() == keeper.version() && offer.sha256() == keeper.sha256()) {
    return absl::OkStatus();
  }
  // Checked again, under the signature, after the fetch; this spares it.
  if (offer.version() <= keeper.version()) {
    return absl::FailedPreconditionError(
        fmt::format("version {} is not newer than {} in force", offer.version(), keeper.version()));
  }
  const FetchProgress progress = [this] {
    const std::lock_guard lock(mutex_);
    last_progress_ = uplink_.clock_.Now();  // acknowledgements wait behind the offer
    return !ended_;
  };
  auto bytes = FetchBundle(*stub_, offer, uplink_.options_.state_dir, progress);
  if (!bytes.ok()) return bytes.status();
  absl::Status status =
      keeper.Offer(*std::move(bytes), offer.sha256(),
                   [this, &progress](const IndexFiles::Named& index, const std::string& path,
                                     const FetchBase* base) {
                     return FetchBlob(*stub_, {index.sha256, index.size_bytes, path, base},
                                      *uplink_.options_.fetched, progress);
                   });
  ForgetFetched(uplink_.options_.state_dir, offer.sha256());
  if (status.ok() && keeper.version() != offer.version()) {
    status = absl::DataLossError(
        fmt::format("version {} was offered as version {}", keeper.version(), offer.version()));
  }
  return status;
}

void Session::HandleOffer(const v1::PolicyOffer& offer) {
  const absl::Status status = TakeOffer(offer);
  v1::AgentMessage message;
  v1::PolicyResult& result = *message.mutable_policy_result();
  result.set_version(offer.version());
  if (status.ok()) {
    result.set_outcome(v1::PolicyResult::OUTCOME_IN_FORCE);
    uplink_.SetPolicyDetail("");
  } else {
    const std::string why =
        fmt::format("version {}: {}", offer.version(), std::string(status.message()));
    result.set_outcome(v1::PolicyResult::OUTCOME_REFUSED);
    result.set_error(std::string(status.message()));
    uplink_.SetPolicyDetail(why);
    uplink_.hooks_.report(v1::AgentEvent::KIND_POLICY_REFUSED, why);
  }
  Write(message);
}

void Session::Send() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      if (sent_ > acknowledged_ &&
          uplink_.clock_.Now() - last_progress_ > uplink_.options_.acknowledge_s_max) {
        why_ = "records were not acknowledged in time";
        context_.TryCancel();
        return;
      }
    }
    SendHeartbeatIfDue();
    if (!SendRecords()) WaitForRoomOrRecords();
  }
}

void Session::SendHeartbeatIfDue() {
  {
    const std::lock_guard lock(mutex_);
    if (uplink_.clock_.Now() < next_heartbeat_) return;
    next_heartbeat_ = uplink_.clock_.Now() + heartbeat_;
  }
  v1::AgentMessage message;
  *message.mutable_heartbeat()->mutable_state() = uplink_.hooks_.state();
  Write(message);
}

// False when there is nothing to send, or no room for it.
bool Session::SendRecords() {
  uint64_t after = 0;
  size_t records_max = uplink_.options_.batch_records_max;
  {
    const std::lock_guard lock(mutex_);
    if (sent_ - acknowledged_ >= uplink_.options_.in_flight_records_max) return false;
    // Up to the batch the server refused, one at a time and only one in flight.
    if (acknowledged_ < uplink_.refused_sequence_) {
      if (sent_ > acknowledged_) return false;
      records_max = 1;
    }
    after = sent_;
  }
  auto records = uplink_.spool_.Read(after, records_max, uplink_.options_.batch_bytes_max);
  if (!records.ok()) {
    spdlog::error("uplink: spool: {}", std::string(records.status().message()));
    return false;
  }
  if (records->empty()) return false;
  v1::AgentMessage message;
  for (v1::SpoolRecord& record : *records) {
    *message.mutable_records()->add_records() = std::move(record);
  }
  {
    const std::lock_guard lock(mutex_);
    if (sent_ == acknowledged_) last_progress_ = uplink_.clock_.Now();
    const uint64_t last = message.records().records().rbegin()->sequence();
    // Sequences may jump after damage; what lies before the first of a batch is not outstanding.
    if (sent_ == acknowledged_) acknowledged_ = message.records().records(0).sequence() - 1;
    sent_ = last;
  }
  return Write(message);
}

void Session::WaitForRoomOrRecords() {
  uint64_t sent = 0;
  std::chrono::milliseconds wait = kTick;
  {
    std::unique_lock lock(mutex_);
    const auto until_heartbeat = std::chrono::duration_cast<std::chrono::milliseconds>(
        next_heartbeat_ - uplink_.clock_.Now());
    wait = std::clamp(until_heartbeat, std::chrono::milliseconds(1), kTick);
    if (ended_) return;
    if (sent_ > acknowledged_) {
      const uint64_t before = acknowledged_;
      changed_.wait_for(lock, wait, [&] { return ended_ || acknowledged_ > before; });
      return;
    }
    sent = sent_;
  }
  uplink_.spool_.WaitPast(sent, wait);
}

}  // namespace shoumi::agent
