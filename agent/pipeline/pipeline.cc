#include "agent/pipeline/pipeline.h"

#include <utility>

#include "agent/pipeline/event_task.h"
#include "agent/pipeline/incident.h"
#include "common/ids.h"
#include "spdlog/spdlog.h"

namespace shoumi::agent {

Pipeline::Pipeline(boost::asio::io_context& io, Spool& spool, Identity& identity, Clock& clock,
                   PipelineOptions options, Ledger* ledger)
    : io_(io),
      spool_(spool),
      identity_(identity),
      clock_(clock),
      options_(options),
      ledger_(ledger),
      folder_(clock),
      policy_(std::make_shared<PolicyInForce>()),
      folding_timer_(io) {}

Pipeline::~Pipeline() {
  closed_->store(true);
  WriteFolded(true);
}

void Pipeline::SetPolicy(std::shared_ptr<const PolicyInForce> policy) {
  spool_.SetBytesMax(policy->policy.spool_bytes_max());
  const std::lock_guard lock(mutex_);
  policy_ = std::move(policy);
}

std::shared_ptr<const PolicyInForce> Pipeline::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

void Pipeline::SetInspector(std::shared_ptr<inspect::InspectorPool> inspector) {
  const std::lock_guard lock(mutex_);
  inspector_.swap(inspector);
}

std::shared_ptr<inspect::InspectorPool> Pipeline::inspector() const {
  const std::lock_guard lock(mutex_);
  return inspector_;
}

// The program waits in its system call, so its process is still there.
void Pipeline::Complete(v1::EventContext& context) const {
  if (context.event_id().empty()) context.set_event_id(NewUuid());
  if (!context.has_time()) *context.mutable_time() = ToProtoTime(clock_.WallNow());
  if (context.program().pid() > 0 && context.program().executable().empty()) {
    *context.mutable_program() = ProgramOf(context.program().pid());
  }
}

void Pipeline::Submit(Event event) {
  Complete(event.context);
  counters_.events++;
  const bool overloaded = counters_.in_flight++ >= options_.events_max;
  std::make_shared<EventTask>(*this, std::move(event))->Start(overloaded);
}

// Counted down under the lock: whoever drains may destroy the pipeline as soon as it sees zero.
void Pipeline::Finished() {
  const std::lock_guard lock(mutex_);
  if (--counters_.in_flight == 0) drained_.notify_all();
}

bool Pipeline::Drain(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  return drained_.wait_for(lock, wait, [&] { return counters_.in_flight == 0; });
}

void Pipeline::Report(v1::AgentEvent::Kind kind, std::string detail) {
  spdlog::info("{}: {}", v1::AgentEvent::Kind_Name(kind), detail);
  if (folder_.Admit(kind, detail)) {
    spool_.Append(BuildAgentEvent(kind, detail, 1, ToProtoTime(clock_.WallNow())), nullptr);
  }
  ArmFolding();
}

void Pipeline::RecordRefusal(v1::EventContext context, v1::Verdict verdict) {
  counters_.refusals++;
  counters_.in_flight++;
  Complete(context);
  const uint64_t version = policy()->version;
  const uint32_t uid = context.user().uid();
  auto record = [this, version, context = std::move(context),
                 verdict = std::move(verdict)](v1::User user) mutable {
    *context.mutable_user() = std::move(user);
    v1::SpoolRecord incident = BuildIncident(context, verdict, v1::InspectReport(), version);
    TellStopped(incident.incident());
    spool_.Append(std::move(incident), nullptr);
    Finished();
  };
  if (auto user = identity_.Cached(uid)) return record(*std::move(user));
  identity_.Find(uid, std::move(record));
}

void Pipeline::TellStopped(const v1::Incident& incident) const {
  const v1::Verdict& verdict = incident.verdict();
  if (stopped_hook_ && Stops(verdict.action()) && verdict.enforced()) stopped_hook_(incident);
}

void Pipeline::WriteFolded(bool all) {
  for (const EventFolder::Folded& folded : folder_.Take(all)) {
    spool_.Append(
        BuildAgentEvent(folded.kind, folded.detail, folded.count, ToProtoTime(clock_.WallNow())),
        nullptr);
  }
}

void Pipeline::ArmFolding() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(folding_armed_, true)) return;
  folding_timer_.expires_after(EventFolder::kWindow);
  folding_timer_.async_wait([this, closed = closed_](boost::system::error_code error) {
    if (error || closed->load()) return;
    {
      const std::lock_guard again(mutex_);
      folding_armed_ = false;
    }
    WriteFolded(false);
  });
}

}  // namespace shoumi::agent
