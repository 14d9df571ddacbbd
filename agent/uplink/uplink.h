#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "agent/spool/spool.h"
#include "agent/uplink/enrolment.h"
#include "agent/uplink/fetch_counters.h"
#include "agent/uplink/policy_keeper.h"
#include "common/clock.h"
#include "shoumi/v1/incident.pb.h"
#include "shoumi/v1/local.pb.h"
#include "shoumi/v1/state.pb.h"

namespace shoumi::agent {

struct UplinkOptions {
  std::string state_dir;
  uint32_t batch_records_max = 200;
  uint64_t batch_bytes_max = 1 << 20;
  uint64_t in_flight_records_max = 1000;  // sent and not acknowledged
  std::chrono::seconds connect_s_max{20};
  std::chrono::seconds acknowledge_s_max{60};  // then the connection counts as dead
  std::chrono::seconds heartbeat_s{30};        // until the server says otherwise
  std::shared_ptr<FetchCounters> fetched = std::make_shared<FetchCounters>();
};

struct UplinkHooks {
  std::function<v1::AgentState()> state;
  std::function<void(v1::AgentEvent::Kind, std::string)> report;
};

struct UplinkStatus {
  v1::AgentStatus::Connection connection = v1::AgentStatus::CONNECTION_OFFLINE;
  std::string detail;  // why it is off line
  std::chrono::system_clock::time_point since;
  std::string policy_detail;  // why the last offer was refused
};

class Session;

// Keeps one Session stream to the server for as long as there is one: delivers the spool in order,
// reports the agent's state, takes policy into force, renews the certificate. On threads of its
// own; the rest of the agent never waits for it.
class Uplink {
 public:
  // `spool` and `keeper` outlive the uplink.
  Uplink(Enrolment enrolment, Spool& spool, PolicyKeeper& keeper, Clock& clock,
         UplinkOptions options, UplinkHooks hooks);
  ~Uplink();

  void Start();
  // Ends the connection and waits for the threads.
  void Stop();

  [[nodiscard]] UplinkStatus status() const;

 private:
  friend class Session;
  void Run();
  // One connection from Hello to its end.
  absl::Status Connection();
  absl::Status RenewIfDue();
  bool Sleep(std::chrono::milliseconds wait);
  void SetConnected();
  void SetOffline(const absl::Status& why);
  void SetPolicyDetail(std::string detail);

  Enrolment enrolment_;
  Spool& spool_;
  PolicyKeeper& keeper_;
  Clock& clock_;
  const UplinkOptions options_;
  const UplinkHooks hooks_;

  mutable std::mutex mutex_;
  std::condition_variable stop_changed_;
  bool stopping_ = false;
  bool was_connected_ = false;  // by the attempt that runs
  UplinkStatus status_;
  std::shared_ptr<Session> session_;
  std::thread thread_;

  // A record the server will not have would hold up all behind it: sent alone, then left out.
  uint64_t refused_sequence_ = 0;
  uint64_t skip_through_ = 0;
};

}  // namespace shoumi::agent
