#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "common/bounded_queue.h"

namespace shoumi::server {

// Threads for what blocks (store, argon2id, compilation), so that gRPC's own few threads never do.
class WorkerPool {
 public:
  WorkerPool(size_t threads, size_t jobs_max);
  ~WorkerPool();

  // False when the queue is full or the pool is stopped; the job does not run then.
  [[nodiscard]] bool Submit(std::function<void()> job);
  // Runs what is queued, then ends the threads.
  void Stop();

 private:
  void Run();

  BoundedQueue<std::function<void()>> jobs_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace shoumi::server
