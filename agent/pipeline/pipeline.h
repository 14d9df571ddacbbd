#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "agent/channels/channel.h"
#include "agent/decide/decide.h"
#include "agent/inspect/inspector_pool.h"
#include "agent/ledger/ledger.h"
#include "agent/pipeline/counters.h"
#include "agent/pipeline/event_folder.h"
#include "agent/pipeline/identity.h"
#include "agent/spool/spool.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "common/clock.h"

namespace shoumi::agent {

struct PolicyInForce {
  uint64_t version = 0;  // 0: none has arrived yet
  v1::Policy policy;
};

struct PipelineOptions {
  uint32_t events_max = 512;  // in flight; more get the fallback for overload
  // Kept free between the end of inspection and the event's deadline, for decision and spool: an
  // eighth of what the event has, within these bounds.
  std::chrono::milliseconds margin_ms_min{20};
  std::chrono::milliseconds margin_ms_max{1000};
};

class EventTask;

// Hears of what was stopped, after the channel has its answer; must not block.
using StoppedHook = std::function<void(const v1::Incident& incident)>;

// event → inspect → decide → spool → answer. An event is answered exactly once and by its deadline
// at the latest: where pool or spool are late, the policy's fallback for a timeout answers. What is
// stopped or reported is durable before it is answered, except where that deadline comes first
// (counted). Thread-safe; nothing here blocks.
class Pipeline final : public EventSink {
 public:
  // `io` runs continuations and timers. All outlive the pipeline, which is destroyed only after
  // Drain() said that nothing is in flight. Without a ledger every event counts alone.
  Pipeline(boost::asio::io_context& io, Spool& spool, Identity& identity, Clock& clock,
           PipelineOptions options, Ledger* ledger = nullptr);
  ~Pipeline() override;

  // Before the first event.
  void SetStoppedHook(StoppedHook hook) { stopped_hook_ = std::move(hook); }
  void SetPolicy(std::shared_ptr<const PolicyInForce> policy);
  [[nodiscard]] std::shared_ptr<const PolicyInForce> policy() const;
  // Null while there is none: events then are unscanned (overloaded).
  void SetInspector(std::shared_ptr<inspect::InspectorPool> inspector);
  [[nodiscard]] std::shared_ptr<inspect::InspectorPool> inspector() const;

  void Submit(Event event) override;
  void Report(v1::AgentEvent::Kind kind, std::string detail) override;
  void RecordRefusal(v1::EventContext context, v1::Verdict verdict) override;

  // Waits until no event is in flight; false when `wait` ended first. Not for threads of `io`.
  bool Drain(std::chrono::milliseconds wait);

  [[nodiscard]] const PipelineCounters& counters() const { return counters_; }

 private:
  friend class EventTask;
  void WriteFolded(bool all);
  void ArmFolding();
  void Complete(v1::EventContext& context) const;
  // To the hook, when it was stopped.
  void TellStopped(const v1::Incident& incident) const;
  void Finished();

  boost::asio::io_context& io_;
  Spool& spool_;
  Identity& identity_;
  Clock& clock_;
  const PipelineOptions options_;
  StoppedHook stopped_hook_;
  Ledger* const ledger_;
  PipelineCounters counters_;
  EventFolder folder_;
  // Continuations that outlive the pipeline see it closed.
  std::shared_ptr<std::atomic<bool>> closed_ = std::make_shared<std::atomic<bool>>(false);

  mutable std::mutex mutex_;
  std::condition_variable drained_;
  std::shared_ptr<const PolicyInForce> policy_;
  std::shared_ptr<inspect::InspectorPool> inspector_;
  bool folding_armed_ = false;
  boost::asio::steady_timer folding_timer_;
};

}  // namespace shoumi::agent
