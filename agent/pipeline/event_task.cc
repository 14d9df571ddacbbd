#include "agent/pipeline/event_task.h"

#include <algorithm>
#include <utility>

#include "agent/pipeline/incident.h"
#include "boost/asio/defer.hpp"
#include "boost/asio/post.hpp"
#include "common/ids.h"
#include "spdlog/spdlog.h"

namespace shoumi::agent {
namespace {

void AddUnscanned(v1::InspectReport& report, v1::UnscannedReason reason, const char* detail) {
  v1::Unscanned& unscanned = *report.add_unscanned();
  unscanned.set_reason(reason);
  unscanned.set_detail(detail);
}

bool Passes(const v1::Verdict& verdict) {
  return !Stops(verdict.action()) || !verdict.enforced();
}

}  // namespace

EventTask::EventTask(Pipeline& pipeline, Event event)
    : pipeline_(pipeline),
      event_(std::move(event)),
      uid_(event_.context.user().uid()),
      policy_(pipeline.policy()),
      inspection_guard_(pipeline.io_),
      deadline_guard_(pipeline.io_) {}

EventTask::~EventTask() {
  pipeline_.Finished();
}

void EventTask::Start(bool overloaded) {
  Guard();
  if (auto user = pipeline_.identity_.Cached(uid_)) {
    OnUser(*std::move(user));
  } else {
    pipeline_.identity_.Find(
        uid_, [self = shared_from_this()](v1::User found) { self->OnUser(std::move(found)); });
  }
  if (!overloaded) return Inspect();
  pipeline_.counters_.overloaded++;
  v1::InspectReport report;
  AddUnscanned(report, v1::UNSCANNED_REASON_OVERLOADED, "too many events in flight");
  OnReport(std::move(report));
}

// Two guards: at the first the decision is made without inspection, and there is still time to make
// its incident durable; at the second the answer is given whatever the spool does.
void EventTask::Guard() {
  const auto budget = event_.deadline - std::chrono::steady_clock::now();
  const auto margin = std::clamp<std::chrono::nanoseconds>(
      budget / 8, pipeline_.options_.margin_ms_min, pipeline_.options_.margin_ms_max);
  const std::lock_guard lock(mutex_);
  inspection_guard_.expires_at(event_.deadline - margin + margin / 4);
  inspection_guard_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->OnInspectionLate();
  });
  deadline_guard_.expires_at(event_.deadline - margin / 8);
  deadline_guard_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->OnDeadline();
  });
  event_.deadline -= margin;
}

void EventTask::Inspect() {
  const auto inspector = pipeline_.inspector();
  if (inspector == nullptr) {
    v1::InspectReport report;
    AddUnscanned(report, v1::UNSCANNED_REASON_OVERLOADED, "no inspection before a policy");
    return OnReport(std::move(report));
  }
  inspect::Inspection inspection;
  inspection.name = event_.name;
  inspection.content = std::move(event_.content);
  inspection.text = std::move(event_.text);
  inspection.own_content = event_.own_content;
  inspection.deadline = event_.deadline;
  inspection.today = LocalDate(pipeline_.clock_.WallNow());
  inspector->Inspect(std::move(inspection), [self = shared_from_this()](v1::InspectReport report) {
    self->OnReport(std::move(report));
  });
}

void EventTask::OnReport(v1::InspectReport report) {
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kInspecting) return;
  report_ = std::move(report);
  event_.context.set_content_sha256(report_.content_sha256());
  have_report_ = true;
  DecideIfReady();
}

void EventTask::OnUser(v1::User user) {
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kInspecting) return;
  *event_.context.mutable_user() = std::move(user);
  have_user_ = true;
  DecideIfReady();
}

void EventTask::OnInspectionLate() {
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kInspecting) return;
  pipeline_.counters_.timeouts++;
  AddUnscanned(report_, v1::UNSCANNED_REASON_TIMEOUT,
               have_report_ ? "user's name not found in time" : "no verdict in time");
  DecideNow();
}

void EventTask::DecideIfReady() {
  if (have_report_ && have_user_) DecideNow();
}

v1::Verdict EventTask::Judge() {
  if (event_.clean_only) {
    v1::Verdict verdict;
    const bool clean = have_report_ && report_.findings().empty() && report_.unscanned().empty() &&
                       report_.level() <= v1::LEVEL_NONE;
    verdict.set_action(clean ? v1::ACTION_ALLOW : v1::ACTION_BLOCK);
    return verdict;
  }
  v1::Verdict verdict;
  const auto decide = [&](const History& history) {
    verdict = Decide(policy_->policy, event_.context, report_,
                     LocalTimeOf(pipeline_.clock_.WallNow()), history);
    if (event_.report_only && Stops(verdict.action())) verdict.set_enforced(false);
    return Passes(verdict);
  };
  claim_ = Ledger::Claim();  // of a verdict before
  if (pipeline_.ledger_ == nullptr) {
    decide(History::None());
  } else {
    claim_ = pipeline_.ledger_->Decide(uid_, report_, decide);
  }
  return verdict;
}

void EventTask::DecideNow() {
  phase_ = Phase::kWriting;
  inspection_guard_.cancel();
  verdict_ = Judge();
  if (verdict_.action() != v1::ACTION_ALLOW && !event_.clean_only) return Write();
  boost::asio::defer(pipeline_.io_,
                     [self = shared_from_this()] { self->OnDurable(absl::OkStatus()); });
}

v1::SpoolRecord EventTask::Record() {
  v1::SpoolRecord record = BuildIncident(event_.context, verdict_, report_, policy_->version);
  if (pipeline_.stopped_hook_) incident_ = record.incident();
  return record;
}

void EventTask::Write() {
  pipeline_.spool_.Append(Record(), [self = shared_from_this()](const absl::Status& status) {
    if (!status.ok()) self->pipeline_.counters_.not_kept++;
    // Answering is the channel's business and may take a moment: not on the
    // spool's thread.
    boost::asio::post(self->pipeline_.io_, [self, status] { self->OnDurable(status); });
  });
}

// The answer stands whether the incident was kept or only counted: a full disk must not open.
void EventTask::OnDurable(const absl::Status& status) {
  std::function<void()> answer;
  {
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::kWriting) return;
    answer = TakeAnswer();
  }
  if (!status.ok()) spdlog::debug("incident not kept: {}", std::string(status.message()));
  answer();
}

void EventTask::OnDeadline() {
  std::function<void()> answer;
  {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::kAnswered) return;
    if (!event_.clean_only) pipeline_.counters_.answered_before_durable++;
    AddUnscanned(report_, v1::UNSCANNED_REASON_TIMEOUT, "incident not durable in time");
    const v1::Action before = verdict_.action();
    verdict_ = Judge();
    // What was handed to the spool no longer says what is answered.
    if (!event_.clean_only && (phase_ == Phase::kInspecting || verdict_.action() != before)) {
      pipeline_.spool_.Append(Record(), nullptr);
    }
    answer = TakeAnswer();
  }
  answer();
}

void EventTask::CountVerdict() {
  if (event_.clean_only) return;
  PipelineCounters& counters = pipeline_.counters_;
  if (verdict_.action() == v1::ACTION_ALLOW) {
    counters.allowed++;
  } else if (verdict_.action() == v1::ACTION_REPORT) {
    counters.reported++;
  } else if (verdict_.enforced()) {
    counters.stopped++;
  } else {
    counters.passed_by_report_only++;
  }
}

std::function<void()> EventTask::TakeAnswer() {
  phase_ = Phase::kAnswered;
  inspection_guard_.cancel();
  deadline_guard_.cancel();
  CountVerdict();
  claim_.Keep();
  return [self = shared_from_this(), answer = std::exchange(event_.answer, nullptr)] {
    if (answer) answer(self->verdict_);
    self->pipeline_.TellStopped(self->incident_);
  };
}

}  // namespace shoumi::agent
