#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "agent/uplink/uplink.h"
#include "shoumi/v1/agent_service.grpc.pb.h"

namespace shoumi::agent {

// One Session stream. Run() reads, takes offers into force and answers them; a second thread sends
// records and heartbeats.
class Session {
 public:
  Session(Uplink& uplink, const std::shared_ptr<grpc::Channel>& channel);

  // Until the stream ends; the status says why.
  absl::Status Run();
  // From any thread.
  void Cancel();

  // First and last sequence that were sent and not acknowledged; 0 when there is none.
  [[nodiscard]] uint64_t first_unacknowledged() const;
  [[nodiscard]] uint64_t last_sent() const;

 private:
  bool Write(const v1::AgentMessage& message);
  void Handle(const v1::ServerMessage& message);
  void HandleOffer(const v1::PolicyOffer& offer);
  absl::Status TakeOffer(const v1::PolicyOffer& offer);
  void Send();
  bool SendRecords();
  void SendHeartbeatIfDue();
  void WaitForRoomOrRecords();

  Uplink& uplink_;
  const std::unique_ptr<v1::AgentService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::ServerMessage>> stream_;
  std::mutex write_mutex_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  uint64_t acknowledged_ = 0;
  uint64_t sent_ = 0;
  Clock::Steady last_progress_;
  Clock::Steady next_heartbeat_;
  std::chrono::seconds heartbeat_;
  std::string why_;  // set where this side ends the stream
};

}  // namespace shoumi::agent
