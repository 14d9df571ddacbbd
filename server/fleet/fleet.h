#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/clock.h"
#include "server/store/store.h"
#include "shoumi/v1/state.pb.h"

namespace shoumi::server {

struct Offer {
  uint64_t version = 0;
  std::string sha256;
  uint64_t size_bytes = 0;
};

// The way to one connected agent. Thread-safe; neither call blocks nor calls Fleet back on the same
// thread.
class SessionLink {
 public:
  virtual ~SessionLink() = default;
  virtual void SendOffer(const Offer& offer) = 0;
  // Ends the stream with this status, after a batch that is being written.
  virtual void End(const absl::Status& why) = 0;
};

struct FleetOptions {
  size_t sessions_max = 20'000;
  std::chrono::seconds idle_max{90};  // without any message
  size_t policy_error_bytes_max = 1024;
};

struct FleetCounters {
  std::atomic<uint64_t> sessions = 0;
  std::atomic<uint64_t> superseded = 0;
  std::atomic<uint64_t> idle_ended = 0;
  std::atomic<uint64_t> refused = 0;  // beyond sessions_max
};

// Who is connected, what each agent last said, and what it was offered. Thread-safe. What agents
// say is written to the store by Tick, not at once: a restart loses at most the last seconds of it,
// and every agent says it again at its next Hello.
class Fleet {
 public:
  Fleet(const FleetOptions& options, Store& store, const Clock& clock)
      : options_(options), store_(store), clock_(clock) {}

  // One session a device: a session that is there already ends. ResourceExhausted when full.
  absl::Status Open(const DeviceRow& device, Clock::Wall certificate_expires, std::string_view peer,
                    const std::shared_ptr<SessionLink>& link);
  // Nothing happens for a link that is not the device's any more.
  void Close(std::string_view device_id, const SessionLink* link);

  // First message: answers with the offer when the version in force there differs.
  void Hello(std::string_view device_id, const SessionLink* link, std::string_view hostname,
             const v1::AgentState& state);
  void Heartbeat(std::string_view device_id, const SessionLink* link, const v1::AgentState& state);
  void InForce(std::string_view device_id, const SessionLink* link, uint64_t version);
  void Refused(std::string_view device_id, const SessionLink* link, uint64_t version,
               std::string_view error);
  // Something else came from the agent.
  void Touch(std::string_view device_id, const SessionLink* link);

  // To every connected agent, and to each at its Hello from now on. Returns how many got it.
  size_t OfferToAll(const Offer& offer);

  void End(std::string_view device_id, const absl::Status& why);
  void EndAll(const absl::Status& why);

  // Ends idle sessions and those whose certificate is over; writes what changed to the store.
  absl::Status Tick();

  // Brings a row of the store up to what is known here; true when the device is connected.
  bool Overlay(DeviceRow& row) const;
  [[nodiscard]] size_t connected() const;
  [[nodiscard]] const FleetCounters& counters() const { return counters_; }

 private:
  struct Entry {
    std::shared_ptr<SessionLink> link;
    std::string peer;
    Clock::Wall certificate_expires;
    Clock::Steady last_message;
    bool greeted = false;
    bool changed = false;
    DeviceReport report;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  // The entry when `link` is its session, else null. Notes that the agent is alive.
  Entry* Find(std::string_view device_id, const SessionLink* link);
  void TakeState(Entry& entry, const v1::AgentState& state);

  const FleetOptions options_;
  Store& store_;
  const Clock& clock_;
  FleetCounters counters_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::vector<DeviceReport> closed_;  // reports of sessions that ended, not yet written
  std::optional<Offer> offer_;
};

}  // namespace shoumi::server
