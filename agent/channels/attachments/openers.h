#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "agent/channels/apps/program_identity.h"
#include "agent/channels/attachments/rules_in_force.h"

namespace shoumi::agent::attachments {

// A process whose program is known, for as long as it runs it.
struct Opener {
  apps::Process process;
  apps::ProgramIdentity identity;
  std::shared_ptr<const RulesInForce> rules;  // under which it was looked at
  bool watched = false;
};

struct OpenerBounds {
  size_t known_max = 4096;    // two descriptors each
  size_t waiting_max = 4096;  // callers
  uint32_t threads = 4;       // that look, and may have to wait for what they look at
  uint32_t identify_ms_max = 250;
  uint32_t ended_ms_max = 3'000;  // in which no other process gets its number
  uint32_t app_ms_max = 2'000;    // of AppOf(), for which no open waits
  uint32_t forget_ms = 30'000;    // between two looks at which of the known have ended
};

// Who opens: known at once, or found out by threads of its own. Thread-safe.
class Openers {
 public:
  using Then = std::function<void(std::shared_ptr<const Opener>)>;

  // `watched` is told of each program that is found to be watched, on a thread of these.
  explicit Openers(OpenerBounds bounds = {}, std::function<void()> watched = nullptr);
  Openers(const Openers&) = delete;
  Openers& operator=(const Openers&) = delete;
  ~Openers() { Stop(); }

  // Null when it is not known under these rules, or runs another program by now. Never waits.
  [[nodiscard]] std::shared_ptr<const Opener> Find(
      pid_t pid, const std::shared_ptr<const RulesInForce>& rules);

  // Calls `then` once, from another thread: with null when the process has ended or was not told in
  // identify_ms_max. False, and counted, when too many wait; `then` is not called.
  [[nodiscard]] bool Identify(pid_t pid, std::shared_ptr<const RulesInForce> rules, Then then);

  // The app of a process, "" for none, also when it has ended in the last ended_ms_max; asks where
  // it is not known, for at most identify_ms_max and some. Nothing when it ended before anybody
  // looked.
  [[nodiscard]] std::optional<std::string> AppOf(pid_t pid,
                                                 const std::shared_ptr<const RulesInForce>& rules);

  // Calls what still waits with null, and ends the threads.
  void Stop();

  struct Counters {
    std::atomic<uint64_t> identified{0};
    std::atomic<uint64_t> ended{0};    // before it was looked at
    std::atomic<uint64_t> late{0};     // not told in time
    std::atomic<uint64_t> refused{0};  // waiting_max
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] size_t known() const;

 private:
  struct Job {
    pid_t pid = 0;
    std::shared_ptr<const RulesInForce> rules;
    std::chrono::milliseconds limit{};
    std::chrono::steady_clock::time_point until;
    std::vector<Then> waiting;
    bool taken = false;  // by a thread
  };
  struct Entry {
    std::shared_ptr<const Opener> opener;
    std::list<pid_t>::iterator age;
    std::chrono::steady_clock::time_point seen;  // alive, and what it is said to be
  };
  using Jobs = std::list<std::shared_ptr<Job>>;

  [[nodiscard]] bool Enqueue(pid_t pid, std::shared_ptr<const RulesInForce> rules,
                             std::chrono::milliseconds limit, Then then);
  void Look();
  void Sweep();
  // Of those that ended more than ended_ms_max ago.
  void ForgetEnded();
  // `levels` above it may be looked at.
  std::shared_ptr<const Opener> LookAt(pid_t pid, const std::shared_ptr<const RulesInForce>& rules,
                                       int levels);
  void Remember(std::shared_ptr<const Opener> opener);
  std::vector<Then> Finish(const std::shared_ptr<Job>& job);

  const OpenerBounds bounds_;
  const std::function<void()> watched_;
  Counters counters_;

  mutable std::mutex known_mutex_;
  std::unordered_map<pid_t, Entry> known_;
  std::list<pid_t> ages_;  // oldest first

  std::mutex mutex_;  // all below
  std::condition_variable ready_;
  std::condition_variable sweep_;
  Jobs jobs_;
  std::unordered_map<pid_t, std::shared_ptr<Job>> by_pid_;
  size_t waiting_ = 0;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace shoumi::agent::attachments
