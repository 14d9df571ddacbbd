// Pool: starting, replacing and ending shoumi-inspect and its workers.
#include <algorithm>
#include <utility>

#include "agent/inspect/pool.h"
#include "boost/asio/post.hpp"
#include "spdlog/spdlog.h"

namespace shoumi::inspect {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBackOffMax{30'000};

PoolOptions Bounded(PoolOptions options) {
  options.workers_max = std::max(options.workers_max, 1U);
  options.queue_max = std::max(options.queue_max, 1U);
  return options;
}

}  // namespace

Pool::Pool(boost::asio::io_context& io, PoolOptions options)
    : io_(io),
      options_(Bounded(std::move(options))),
      strand_(boost::asio::make_strand(io)),
      back_off_(kBackOffMin),
      spawn_timer_(strand_),
      restart_timer_(strand_) {}

Pool::~Pool() {
  stopping_ = true;
  if (restart_.joinable()) restart_.join();
}

absl::StatusOr<Pool::Started> Pool::Begin(const InspectorRules& rules) const {
  const InspectorProcess::Options options{options_.program, options_.user, options_.limits,
                                          options_.start_ms_max};
  const auto deadline = steady_clock::now() + options_.start_ms_max;
  auto process = InspectorProcess::Start(options, rules, stopping_);
  if (!process.ok()) return process.status();
  Started started{*std::move(process), {}};
  if (!started.process->ready().ok()) return started;
  auto first = started.process->SpawnFirstWorker(deadline);
  if (!first.ok()) return first.status();
  started.first = *std::move(first);
  return started;
}

void Pool::Use(Started started, const InspectorRules& rules) {
  {
    const std::lock_guard lock(mutex_);
    ready_ = started.process->ready();
    rules_ = rules;
  }
  for (const v1::SandboxLayer& layer : started.process->ready().layers()) {
    if (!layer.active()) spdlog::warn("sandbox without {}: {}", layer.name(), layer.detail());
  }
  auto shared = std::make_shared<Started>(std::move(started));
  boost::asio::post(strand_,
                    [self = shared_from_this(), shared] { self->Switch(std::move(*shared)); });
}

absl::StatusOr<v1::InspectorReady> Pool::Reload(const InspectorRules& rules) {
  const std::lock_guard lock(reload_mutex_);
  auto started = Begin(rules);
  if (!started.ok()) return started.status();
  v1::InspectorReady ready = started->process->ready();
  if (ready.ok()) Use(*std::move(started), rules);
  return ready;
}

void Pool::Switch(Started started) {
  if (stopped_) return;
  restart_timer_.cancel();
  spawn_timer_.cancel();
  spawning_ = false;
  spawn_waits_ = false;
  if (link_ != nullptr) link_->Close();
  // Busy workers of the old process finish what they have; Rest() ends them.
  const std::vector<WorkerPtr> old = workers_;
  for (const WorkerPtr& worker : old) {
    if (worker->job == nullptr) Remove(worker);
  }
  link_ = std::make_shared<ZygoteLink>(strand_, started.process);
  link_->Listen([weak = weak_from_this()](const absl::Status& why) {
    if (const auto self = weak.lock()) self->OnProcessEnd(why);
  });
  const WorkerPtr worker = AddWorker(std::move(started.first));
  worker->greeted = true;
  back_off_ = kBackOffMin;
  Rest(worker);
  Gauge();
}

Pool::WorkerPtr Pool::AddWorker(WorkerEnds ends) {
  auto worker = std::make_shared<PoolWorker>(strand_, link_->process(), std::move(ends));
  workers_.push_back(worker);
  worker->Listen(options_.reply_bytes_max,
                 [weak = weak_from_this()](PoolWorker& from, const absl::Status& status,
                                           std::string_view frame) {
                   if (const auto self = weak.lock()) self->OnFrame(from, status, frame);
                 });
  return worker;
}

void Pool::Spawn() {
  if (link_ == nullptr || spawning_ || spawn_waits_ || stopped_) return;
  if (workers_.size() >= options_.workers_max) return;
  spawning_ = true;
  spawn_timer_.expires_after(options_.start_ms_max);
  spawn_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->spawning_) {
      self->OnProcessEnd(absl::DeadlineExceededError("no worker in time"));
    }
  });
  link_->Spawn([weak = weak_from_this()](absl::StatusOr<WorkerEnds> ends) {
    if (const auto self = weak.lock()) self->OnSpawned(std::move(ends));
  });
}

void Pool::OnSpawned(absl::StatusOr<WorkerEnds> ends) {
  if (ends.ok()) {
    AddWorker(*std::move(ends));
    return Gauge();
  }
  spdlog::error("no worker: {}", ends.status().ToString());
  spawning_ = false;
  SpawnLater();
}

void Pool::SpawnLater() {
  if (stopped_ || link_ == nullptr) return;
  spawn_waits_ = true;
  spawn_timer_.expires_after(back_off_);
  back_off_ = std::min(back_off_ * 2, kBackOffMax);
  spawn_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error) return;
    self->spawn_waits_ = false;
    self->Spawn();
  });
}

void Pool::OnProcessEnd(const absl::Status& why) {
  if (stopped_ || link_ == nullptr) return;
  spdlog::error("shoumi-inspect (pid {}) is replaced: {}", link_->process()->pid(),
                std::string(why.message()));
  link_->Close();
  const std::shared_ptr<ZygoteLink> dead = std::exchange(link_, nullptr);
  spawn_timer_.cancel();
  spawning_ = false;
  spawn_waits_ = false;
  const std::vector<WorkerPtr> workers = workers_;
  for (const WorkerPtr& worker : workers) {
    if (worker->parent() == dead->process().get()) Lose(worker, "its parent ended");
  }
  RestartLater();
  Gauge();
}

void Pool::RestartLater() {
  restart_timer_.expires_after(back_off_);
  back_off_ = std::min(back_off_ * 2, kBackOffMax);
  restart_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->link_ == nullptr && !self->stopped_) self->Restart();
  });
}

void Pool::Restart() {
  if (restart_.joinable()) restart_.join();  // its last act was to post its result
  InspectorRules rules;
  {
    const std::lock_guard lock(mutex_);
    rules = rules_;
  }
  restart_ = std::thread([this, weak = weak_from_this(), rules = std::move(rules)] {
    auto started = std::make_shared<absl::StatusOr<Started>>(Begin(rules));
    if (stopping_) return;
    boost::asio::post(strand_, [weak, started] {
      if (const auto self = weak.lock()) self->OnRestarted(std::move(*started));
    });
  });
}

void Pool::OnRestarted(absl::StatusOr<Started> started) {
  if (stopped_ || link_ != nullptr) return;
  if (started.ok() && started->process->ready().ok()) return Switch(*std::move(started));
  spdlog::error("shoumi-inspect does not start: {}",
                started.ok() ? started->process->ProblemLines() : started.status().ToString());
  RestartLater();
}

void Pool::Stop() {
  stopping_ = true;
  boost::asio::post(strand_, [self = shared_from_this()] { self->StopOnStrand(); });
}

void Pool::StopOnStrand() {
  stopped_ = true;
  spawn_timer_.cancel();
  restart_timer_.cancel();
  const std::deque<JobPtr> queued = std::exchange(queue_, {});
  for (const JobPtr& job : queued) Refuse(job, "stopping");
  const std::vector<WorkerPtr> workers = workers_;
  for (const WorkerPtr& worker : workers) {
    if (const JobPtr job = std::exchange(worker->job, nullptr)) Refuse(job, "stopping");
    Remove(worker);
  }
  if (link_ != nullptr) link_->Close();
  link_ = nullptr;
  Gauge();
}

v1::InspectorReady Pool::Ready() const {
  const std::lock_guard lock(mutex_);
  return ready_;
}

InspectorPool::Stats Pool::stats() const {
  return {.inspected = inspected_,
          .replaced = replaced_,
          .overloaded = overloaded_,
          .workers = worker_count_,
          .queued = queued_count_};
}

}  // namespace shoumi::inspect
