#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "agent/channels/channel.h"
#include "agent/ledger/ledger_folder.h"
#include "agent/main/config.h"
#include "agent/main/inspection.h"
#include "agent/main/status_server.h"
#include "agent/notify/notification_desk.h"
#include "agent/pipeline/pipeline.h"
#include "agent/releases/release_server.h"
#include "agent/session_hub/session_hub.h"
#include "agent/spool/spool.h"
#include "agent/uplink/policy_keeper.h"
#include "agent/uplink/uplink.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "common/fd.h"

namespace shoumi::agent {

// The whole agent: steps in order, taken down in the reverse order. Start, Tend and Stop belong to
// one thread.
class Agent {
 public:
  Agent(AgentConfig config, std::string version);
  ~Agent();

  // A step that fails ends the start; a channel that cannot guard does not, it is a reported state.
  absl::Status Start();
  // What is done now and then while it runs: enrolment that has appeared, workers replaced, jumps
  // of the clock.
  void Tend();
  // Blocks for a bounded time.
  void Stop();

  [[nodiscard]] v1::AgentState State() const;
  [[nodiscard]] v1::AgentStatus Status() const;

 private:
  absl::Status TakeLock();
  absl::Status OpenSpool();
  void OpenLedger();
  void SaveLedger();
  void StartPipeline();
  [[nodiscard]] ReleaseOptions OptionsOfReleases() const;
  void StartReleaseDesk();
  void StartSessions();
  void StartChannels();
  absl::Status StartStatus();
  absl::Status StartReleases();
  void ConnectIfEnrolled();
  void PutInForce(const v1::PolicyBundle& bundle, const std::vector<std::string>& warnings);
  void SetPolicyDetail(std::string detail);

  const AgentConfig config_;
  const std::string version_;
  const Clock::Wall started_;
  UniqueFd lock_;

  // For one thread: nothing on it blocks, and a second would be woken for most steps of an event.
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> io_work_;
  std::thread io_thread_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<LedgerFolder> ledger_folder_;
  std::string ledger_damage_;
  std::atomic<uint64_t> ledger_save_failures_{0};
  std::unique_ptr<Identity> identity_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Inspection> inspection_;
  std::unique_ptr<SessionHub> sessions_;
  std::vector<std::pair<std::string, std::unique_ptr<Channel>>> channels_;
  std::vector<std::pair<std::string, std::string>> failed_channels_;  // and why
  std::unique_ptr<StatusServer> status_server_;
  std::unique_ptr<ReleaseDesk> release_desk_;
  std::unique_ptr<ReleaseServer> release_server_;
  std::unique_ptr<NotificationDesk> notification_desk_;
  const std::shared_ptr<FetchCounters> fetched_ = std::make_shared<FetchCounters>();

  mutable std::mutex mutex_;  // guards what is below, which appears while the agent runs
  std::shared_ptr<PolicyKeeper> keeper_;
  std::shared_ptr<Uplink> uplink_;
  std::string device_id_;
  std::string server_;
  std::string policy_name_;
  std::vector<v1::RegistryState> registries_;     // in force
  std::vector<v1::CollectionState> collections_;  // likewise
  uint64_t rules_idle_ = 0;                       // warnings of the packs in force
  std::string policy_detail_ = "no policy has arrived yet";
  std::string enrolment_detail_;
  google::protobuf::Timestamp policy_created_;

  uint64_t workers_replaced_ = 0;
  Clock::Steady last_tended_;
  Clock::Wall last_tended_wall_;
};

}  // namespace shoumi::agent
