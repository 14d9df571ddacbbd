#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "agent/channels/channel.h"
#include "agent/channels/usb/task_threads.h"

namespace shoumi::agent::usb {

// Events that wait for their answer. Sees to it that each goes on exactly once: with the answer,
// or stopped when the answer is lost, late beyond the grace, or the guard ends. Thread-safe; the
// callbacks handed to events may outlive it and then do nothing.
class Answers {
 public:
  using Then = std::function<void(bool stopped)>;

  // `tasks` runs what goes on. `lost` is told how many answers never came.
  Answers(TaskThreads& tasks, std::chrono::milliseconds grace, std::function<void()> lost);
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;
  ~Answers();

  // The callback for an event with `deadline`. `then` runs on the tasks' threads; `stopped` is
  // false in report-only mode, with whatever verdict or none.
  std::function<void(const v1::Verdict&)> Expect(std::chrono::steady_clock::time_point deadline,
                                                 bool report_only, Then then);
  // Waits up to `limit` for what is under way, then refuses the rest and all that comes.
  void Close(std::chrono::milliseconds limit);
  [[nodiscard]] size_t waiting() const;

 private:
  struct Shared;
  struct Token;
  static void Resolve(const std::shared_ptr<Shared>& shared, uint64_t id, bool stopped);
  void Watch();

  std::shared_ptr<Shared> shared_;
  std::thread watch_;
};

}  // namespace shoumi::agent::usb
