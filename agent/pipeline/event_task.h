#pragma once

#include <memory>
#include <mutex>

#include "agent/pipeline/pipeline.h"
#include "boost/asio/steady_timer.hpp"

namespace shoumi::agent {

// One event on its way. Holds itself alive through its continuations; every step is under its
// mutex, and `phase_` only moves forward, so whoever comes late does nothing.
class EventTask : public std::enable_shared_from_this<EventTask> {
 public:
  EventTask(Pipeline& pipeline, Event event);
  // The event is in flight until its last continuation has let go of it.
  ~EventTask();
  EventTask(const EventTask&) = delete;
  EventTask& operator=(const EventTask&) = delete;

  void Start(bool overloaded);

 private:
  enum class Phase { kInspecting, kWriting, kAnswered };

  void Guard();
  void Inspect();
  void OnReport(v1::InspectReport report);
  void OnUser(v1::User user);
  void OnInspectionLate();
  void OnDeadline();
  void OnDurable(const absl::Status& status);

  // Under mutex_.
  void DecideIfReady();
  void DecideNow();
  void Write();
  v1::SpoolRecord Record();
  v1::Verdict Judge();
  void CountVerdict();
  // Takes the answer out; the caller calls it without the lock.
  std::function<void()> TakeAnswer();

  Pipeline& pipeline_;
  Event event_;
  const uint32_t uid_;
  const std::shared_ptr<const PolicyInForce> policy_;
  std::mutex mutex_;
  Phase phase_ = Phase::kInspecting;
  bool have_report_ = false;
  bool have_user_ = false;
  v1::InspectReport report_;
  v1::Verdict verdict_;
  v1::Incident incident_;  // as it was recorded last
  Ledger::Claim claim_;    // where the verdict lets it pass
  boost::asio::steady_timer inspection_guard_;
  boost::asio::steady_timer deadline_guard_;
};

}  // namespace shoumi::agent
