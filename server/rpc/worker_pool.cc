#include "server/rpc/worker_pool.h"

#include <utility>

namespace shoumi::server {

WorkerPool::WorkerPool(size_t threads, size_t jobs_max) : jobs_(jobs_max) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

WorkerPool::~WorkerPool() {
  Stop();
}

bool WorkerPool::Submit(std::function<void()> job) {
  return jobs_.TryPush(std::move(job));
}

void WorkerPool::Stop() {
  stopping_ = true;
  jobs_.Close();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::Run() {
  while (true) {
    if (const auto job = jobs_.Pop(std::chrono::seconds(10))) {
      (*job)();
    } else if (stopping_) {
      return;
    }
  }
}

}  // namespace shoumi::server
