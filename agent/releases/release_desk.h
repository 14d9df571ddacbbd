#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/inspect/inspector_pool.h"
#include "common/clock.h"
#include "common/fd.h"
#include "shoumi/v1/incident.pb.h"
#include "shoumi/v1/local.pb.h"

namespace shoumi::agent {

struct ReleaseOptions {
  std::string socket_path{};
  uint32_t connections_max = 8;  // at a time
  uint32_t connections_per_user_max = 2;
  uint32_t requests_per_user_hour_max = 20;
  uint64_t content_bytes_max = 512ULL << 20;
  std::chrono::milliseconds question_ms_max{5'000};
  std::chrono::milliseconds user_ms_max{5'000};  // for the name of who asks
  std::chrono::milliseconds inspect_ms_max{60'000};
  std::chrono::milliseconds durable_ms_max{10'000};
};

inline constexpr size_t kRecipientBytesMax = 512;
inline constexpr size_t kReasonBytesMax = 2048;
inline constexpr size_t kRequestNameBytesMax = 255;
inline constexpr uint32_t kRequestDaysMax = 366;

// What a request needs of the agent. Thread-safe.
struct ReleaseSeams {
  // Null while no packs are in force.
  std::function<std::shared_ptr<inspect::InspectorPool>()> inspector;
  // Calls back once, on any thread.
  std::function<void(uint32_t uid, std::function<void(v1::User)>)> find_user;
  // Calls back once, on any thread, when the record is durable or cannot be.
  std::function<void(v1::SpoolRecord, std::function<void(absl::Status)>)> keep;
  std::function<bool()> connected;
};

// Requests of employees that something may leave after all: checked, inspected, kept durably for
// the server. A request decides nothing here. Thread-safe.
class ReleaseDesk {
 public:
  // `clock` outlives it.
  ReleaseDesk(ReleaseOptions options, ReleaseSeams seams, Clock& clock)
      : options_(std::move(options)), seams_(std::move(seams)), clock_(clock) {}

  // Blocks, up to the bounds; `content` is sealed memory. What is wrong is in the answer, one
  // sentence.
  v1::ReleaseAnswer Ask(uint32_t uid, const v1::ReleaseQuestion& question, UniqueFd content);
  // For something that was stopped before, of which everything is known but who asks, to whom it
  // is to go and why. Blocks, up to the bounds.
  v1::ReleaseAnswer AskAgain(uint32_t uid, v1::ReleaseRequest request);
  // Ends what waits; further requests are refused.
  void Stop() { stopping_ = true; }

 private:
  [[nodiscard]] v1::ReleaseAnswer Refused(const absl::Status& status) const;
  absl::Status TakeTurn(uint32_t uid);
  absl::StatusOr<v1::InspectReport> Inspect(const std::string& name, UniqueFd content);
  // Who asks and when, then durably kept. What is wrong is in the answer.
  v1::ReleaseAnswer File(uint32_t uid, v1::ReleaseRequest request);
  absl::Status Keep(v1::ReleaseRequest request);

  const ReleaseOptions options_;
  const ReleaseSeams seams_;
  Clock& clock_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::map<uint32_t, std::deque<Clock::Steady>> asked_;  // in the last hour, by user
};

}  // namespace shoumi::agent
