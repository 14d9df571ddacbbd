#include "agent/inspect/pool.h"

#include <algorithm>
#include <utility>

#include "agent/inspect/report_check.h"
#include "boost/asio/defer.hpp"
#include "boost/asio/post.hpp"
#include "fmt/format.h"
#include "spdlog/spdlog.h"

namespace shoumi::inspect {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Answers leave this much before the deadline at most, so that they are there at the deadline.
constexpr milliseconds kAnswerAheadMax{20};
constexpr int kAnswerAheadShare = 20;

}  // namespace

void Pool::Submit(Inspection inspection, InspectorPool::Done done) {
  auto job = std::make_shared<Job>(std::move(inspection), std::move(done),
                                   boost::asio::steady_timer(strand_));
  boost::asio::post(strand_, [self = shared_from_this(), job] { self->Enqueue(job); });
}

void Pool::Enqueue(const JobPtr& job) {
  job->id = ++last_id_;
  const auto left = job->what.deadline - steady_clock::now();
  if (stopped_) return Refuse(job, "stopping");
  if (left <= steady_clock::duration::zero()) return Refuse(job, "deadline was over");
  if (queue_.size() >= options_.queue_max) return Refuse(job, "queue_max");
  job->timer.expires_at(job->what.deadline - std::min<steady_clock::duration>(
                                                 left / kAnswerAheadShare, kAnswerAheadMax));
  job->timer.async_wait([self = shared_from_this(), job](const boost::system::error_code& error) {
    if (!error) self->OnDeadline(job);
  });
  queue_.push_back(job);
  Pump();
  Gauge();
}

void Pool::Pump() {
  while (!queue_.empty()) {
    const WorkerPtr worker = IdleWorker();
    if (worker == nullptr) return Spawn();
    const JobPtr job = queue_.front();
    queue_.pop_front();
    Dispatch(worker, job);
  }
}

void Pool::Dispatch(const WorkerPtr& worker, const JobPtr& job) {
  auto request = MakeRequest(*job, steady_clock::now());
  if (!request.ok()) return Refuse(job, std::string(request.status().message()));
  worker->idle_timer.cancel();
  worker->job = job;
  const auto status = worker->Send(*std::move(request));
  if (!status.ok()) Lose(worker, std::string(status.message()));
}

void Pool::OnDeadline(const JobPtr& job) {
  if (job->done == nullptr) return;
  const auto queued = std::find(queue_.begin(), queue_.end(), job);
  if (queued != queue_.end()) {
    queue_.erase(queued);
    Refuse(job, "no worker was free before the deadline");
    return Gauge();
  }
  for (const WorkerPtr& worker : workers_) {
    if (worker->job != job) continue;
    spdlog::warn("worker {} killed: no answer before the deadline", worker->pid());
    const WorkerPtr kept = worker;
    kept->job = nullptr;
    ++replaced_;
    Remove(kept);
    break;
  }
  Finish(job, UnscannedReport(job->id, v1::UNSCANNED_REASON_TIMEOUT, "deadline"));
  Pump();
  if (workers_.empty()) Spawn();
  Gauge();
}

void Pool::Finish(const JobPtr& job, v1::InspectReport report) {
  if (job->done == nullptr) return;
  job->timer.cancel();
  if (job->what.name.size() > kNameBytesMax) {
    v1::Unscanned* unscanned = report.add_unscanned();
    unscanned->set_reason(v1::UNSCANNED_REASON_OVERSIZE);
    unscanned->set_detail(fmt::format("name_bytes_max {}", kNameBytesMax));
  }
  // Deferred: another thread need not be woken, this one is about to be free.
  boost::asio::defer(io_, [done = std::exchange(job->done, nullptr),
                           report = std::move(report)]() mutable { done(std::move(report)); });
}

void Pool::Refuse(const JobPtr& job, std::string why) {
  ++overloaded_;
  Finish(job, UnscannedReport(job->id, v1::UNSCANNED_REASON_OVERLOADED, std::move(why)));
}

void Pool::OnFrame(PoolWorker& raw, const absl::Status& status, std::string_view frame) {
  const WorkerPtr worker = Find(raw);
  if (worker == nullptr) return;
  if (!status.ok()) {
    Lose(worker, std::string(status.message()));
  } else if (!worker->greeted) {
    OnHello(worker, frame);
  } else if (worker->job == nullptr) {
    Lose(worker, "it spoke without being asked");
  } else {
    OnReport(worker, frame);
  }
  Gauge();
}

void Pool::OnHello(const WorkerPtr& worker, std::string_view frame) {
  v1::WorkerHello hello;
  if (!hello.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
    return Lose(worker, "its greeting is none");
  }
  if (!hello.error().empty()) return Lose(worker, hello.error());
  worker->greeted = true;
  spawning_ = false;
  spawn_timer_.cancel();
  back_off_ = kBackOffMin;
  Rest(worker);
}

void Pool::OnReport(const WorkerPtr& worker, std::string_view frame) {
  v1::InspectReport report;
  if (!report.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
    return Lose(worker, "its answer is no report");
  }
  const auto status = CheckReport(report, worker->job->id, worker->parent()->detectors());
  if (!status.ok()) return Lose(worker, std::string(status.message()));
  if (report.level() == v1::LEVEL_UNSPECIFIED) report.set_level(v1::LEVEL_NONE);
  const JobPtr job = std::exchange(worker->job, nullptr);
  const bool retire = report.retire();
  report.clear_retire();
  ++inspected_;
  Finish(job, std::move(report));
  if (!retire) return Rest(worker);
  Remove(worker);
  Pump();
  if (workers_.empty()) Spawn();
}

void Pool::Rest(const WorkerPtr& worker) {
  if (link_ == nullptr || worker->parent() != link_->process().get()) {
    Remove(worker);
    return Pump();
  }
  Pump();
  if (worker->job != nullptr) return;
  worker->idle_timer.expires_after(kIdleWorkerMax);
  worker->idle_timer.async_wait([self = shared_from_this(), weak = std::weak_ptr(worker)](
                                    const boost::system::error_code& error) {
    const WorkerPtr idle = weak.lock();
    if (error || idle == nullptr || idle->job != nullptr || self->workers_.size() <= 1) return;
    self->Remove(idle);
    self->Gauge();
  });
}

void Pool::Lose(const WorkerPtr& worker, std::string_view why) {
  spdlog::warn("worker {} replaced: {}", worker->pid(), why);
  ++replaced_;
  const JobPtr job = std::exchange(worker->job, nullptr);
  const bool greeted = worker->greeted;
  Remove(worker);
  if (job != nullptr) {
    Finish(job, UnscannedReport(job->id, v1::UNSCANNED_REASON_CRASHED, "worker"));
  }
  if (stopped_) return;
  if (!greeted) {
    spawning_ = false;
    return SpawnLater();
  }
  Pump();
  if (workers_.empty()) Spawn();
}

void Pool::Remove(const WorkerPtr& worker) {
  worker->Close();
  std::erase(workers_, WorkerPtr(worker));  // a copy: `worker` may be the element itself
}

Pool::WorkerPtr Pool::IdleWorker() const {
  // The one used last: the others get old enough to be ended.
  for (auto it = workers_.rbegin(); it != workers_.rend(); ++it) {
    if ((*it)->greeted && (*it)->job == nullptr) return *it;
  }
  return nullptr;
}

Pool::WorkerPtr Pool::Find(const PoolWorker& worker) const {
  for (const WorkerPtr& one : workers_) {
    if (one.get() == &worker) return one;
  }
  return nullptr;
}

void Pool::Gauge() {
  worker_count_ = static_cast<uint32_t>(workers_.size());
  queued_count_ = static_cast<uint32_t>(queue_.size());
}

}  // namespace shoumi::inspect
