#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/inspect/inspector_pool.h"
#include "agent/inspect/inspector_process.h"
#include "agent/inspect/inspector_rules.h"
#include "agent/inspect/job.h"
#include "agent/inspect/pool_worker.h"
#include "agent/inspect/zygote_link.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"

namespace shoumi::inspect {

inline constexpr std::chrono::milliseconds kBackOffMin{200};
inline constexpr std::chrono::seconds kIdleWorkerMax{30};  // of those beyond the first

// The state behind InspectorPool. Functions named On… and those below "strand" run on the strand;
// the others are called from any thread.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  struct Started {
    std::shared_ptr<InspectorProcess> process;  // ready().ok() may be false
    WorkerEnds first;
  };

  Pool(boost::asio::io_context& io, PoolOptions options);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Blocks. Packs with an error give a process that is not ok and no worker.
  absl::StatusOr<Started> Begin(const InspectorRules& rules) const;
  void Use(Started started, const InspectorRules& rules);
  void Submit(Inspection inspection, InspectorPool::Done done);
  absl::StatusOr<v1::InspectorReady> Reload(const InspectorRules& rules);
  void Stop();

  [[nodiscard]] v1::InspectorReady Ready() const;
  [[nodiscard]] InspectorPool::Stats stats() const;

 private:
  using WorkerPtr = std::shared_ptr<PoolWorker>;
  using JobPtr = std::shared_ptr<Job>;

  // strand: events
  void Enqueue(const JobPtr& job);
  void Pump();
  void Dispatch(const WorkerPtr& worker, const JobPtr& job);
  void OnDeadline(const JobPtr& job);
  void Finish(const JobPtr& job, v1::InspectReport report);
  void Refuse(const JobPtr& job, std::string why);

  // strand: workers
  void Spawn();
  void OnSpawned(absl::StatusOr<WorkerEnds> ends);
  WorkerPtr AddWorker(WorkerEnds ends);
  void OnFrame(PoolWorker& worker, const absl::Status& status, std::string_view frame);
  void OnHello(const WorkerPtr& worker, std::string_view frame);
  void OnReport(const WorkerPtr& worker, std::string_view frame);
  void Lose(const WorkerPtr& worker, std::string_view why);
  void Remove(const WorkerPtr& worker);
  void Rest(const WorkerPtr& worker);
  void SpawnLater();
  [[nodiscard]] WorkerPtr IdleWorker() const;
  [[nodiscard]] WorkerPtr Find(const PoolWorker& worker) const;

  // strand: shoumi-inspect
  void Switch(Started started);
  void OnProcessEnd(const absl::Status& why);
  void RestartLater();
  void Restart();
  void OnRestarted(absl::StatusOr<Started> started);
  void StopOnStrand();
  void Gauge();

  boost::asio::io_context& io_;
  const PoolOptions options_;
  PoolWorker::Strand strand_;
  std::shared_ptr<ZygoteLink> link_;  // null while there is none
  std::vector<WorkerPtr> workers_;
  std::deque<JobPtr> queue_;
  uint64_t last_id_ = 0;
  bool spawning_ = false;  // from the request to the greeting of the worker
  bool spawn_waits_ = false;
  bool stopped_ = false;
  std::chrono::milliseconds back_off_;
  boost::asio::steady_timer spawn_timer_;
  boost::asio::steady_timer restart_timer_;
  std::thread restart_;

  std::atomic<bool> stopping_{false};
  std::mutex reload_mutex_;
  mutable std::mutex mutex_;  // guards the two below
  v1::InspectorReady ready_;
  InspectorRules rules_;
  std::atomic<uint64_t> inspected_{0};
  std::atomic<uint64_t> replaced_{0};
  std::atomic<uint64_t> overloaded_{0};
  std::atomic<uint32_t> worker_count_{0};
  std::atomic<uint32_t> queued_count_{0};
};

}  // namespace shoumi::inspect
