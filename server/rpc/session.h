#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "server/fleet/fleet.h"
#include "server/rpc/services.h"
#include "shoumi/v1/agent_service.pb.h"

namespace shoumi::server {

// One agent's stream. Raw bytes, so that a message that does not parse gets its own answer. Lives
// until gRPC is done with it and nobody holds it as a SessionLink any more. One batch of records is
// in work at a time, and nothing is read meanwhile: that is the flow control.
class Session final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                      public SessionLink,
                      public std::enable_shared_from_this<Session> {
 public:
  // The result keeps itself alive until OnDone.
  static Session* Start(grpc::CallbackServerContext& context, const Services& services);

  void SendOffer(const Offer& offer) override;
  void End(const absl::Status& why) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  explicit Session(const Services& services) : services_(services) {}
  void Authenticate(const std::string& certificate_pem);
  void Refuse(const absl::Status& status);
  void Handle(const v1::AgentMessage& message);
  absl::Status HandleHello(const v1::Hello& hello);
  absl::Status HandleHeartbeat(const v1::Heartbeat& heartbeat);
  absl::Status HandlePolicyResult(const v1::PolicyResult& result);
  absl::Status HandleRecords(const v1::RecordBatch& batch);
  void RecordsDone(uint64_t last_sequence, const absl::Status& status);
  absl::Status CheckState(const v1::AgentState& state) const;
  absl::Status CountControlMessage();

  void ReadNext();
  void WriteNextLocked();
  void FinishWith(const absl::Status& status);

  const Services& services_;
  std::shared_ptr<Session> self_;  // until OnDone
  std::string peer_;               // set before anything else, then constant
  std::string device_id_;          // set before the first read, then constant
  grpc::ByteBuffer incoming_;
  // Used by one callback at a time: reads do not overlap.
  bool greeted_ = false;
  Clock::Steady control_since_;
  uint32_t control_messages_ = 0;

  std::mutex mutex_;       // all below
  bool opened_ = false;    // known to the fleet
  bool finished_ = false;  // a status was given; no further operation
  bool done_ = false;      // gRPC has let go
  bool writing_ = false;
  bool batch_in_work_ = false;
  std::optional<absl::Status> end_after_batch_;
  bool welcome_ = false;
  std::optional<uint64_t> ack_;
  std::optional<Offer> offer_;
  grpc::ByteBuffer outgoing_;
};

}  // namespace shoumi::server
