#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace shoumi::agent::usb {

// Runs tasks in order of arrival on a fixed number of threads. What it holds is bounded by the
// requests the kernel lets be under way on one mount. Thread-safe.
class TaskThreads {
 public:
  explicit TaskThreads(uint32_t threads);
  TaskThreads(const TaskThreads&) = delete;
  TaskThreads& operator=(const TaskThreads&) = delete;
  // Runs what was posted, then ends. Not from one of its own threads.
  ~TaskThreads() { Stop(); }
  void Stop();

  // After Stop() the task runs at once, on the caller's thread.
  void Post(std::function<void()> task);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace shoumi::agent::usb
