#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/fd.h"
#include "shoumi/v1/event.pb.h"
#include "shoumi/v1/incident.pb.h"
#include "shoumi/v1/policy.pb.h"
#include "shoumi/v1/state.pb.h"
#include "shoumi/v1/verdict.pb.h"

// The seam between the ways content can leave and the rest of the agent.
namespace shoumi::agent {

// One attempt to take content out. The channel owns what it stopped; the pipeline owns the Event
// and calls `answer` exactly once, by the deadline at the latest, from any thread.
struct Event {
  v1::EventContext context;
  UniqueFd content;  // read-only, own offset; or, when it owns none, `text`
  std::string text;
  std::string name;  // base name, inspected as content of its own
  std::chrono::steady_clock::time_point deadline;
  bool report_only = false;  // decide and record, but let pass
  // Asks only whether the content is clean for everybody: nothing found, nothing left unread. No
  // rule is asked and nothing recorded; the answer is allow where it is clean, else block.
  bool clean_only = false;
  bool own_content = false;  // nobody but the channel can change it until it is answered
  std::function<void(const v1::Verdict&)> answer;
};

// Where channels hand their events to. Thread-safe; Submit never blocks.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Submit(Event event) = 0;
  // Records something that happened to the agent or its coverage.
  virtual void Report(v1::AgentEvent::Kind kind, std::string detail) = 0;
  // For what a channel refuses without looking at content (read-only or denied device).
  virtual void RecordRefusal(v1::EventContext context, v1::Verdict verdict) = 0;
};

class Channel {
 public:
  virtual ~Channel() = default;
  virtual absl::Status Start(EventSink& sink) = 0;
  virtual void ApplyPolicy(const v1::Policy& policy) = 0;
  // Answers what is pending and gives the guarded places back. Blocks for a bounded time.
  virtual void Stop() = 0;
  [[nodiscard]] virtual v1::ChannelState State() const = 0;
  // Since Start(): name, which says the channel, and count.
  [[nodiscard]] virtual std::map<std::string, uint64_t> Counters() const { return {}; }
};

}  // namespace shoumi::agent
