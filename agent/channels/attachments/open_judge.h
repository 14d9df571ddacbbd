#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "agent/channels/attachments/fanotify_group.h"
#include "agent/channels/attachments/file_version.h"
#include "agent/channels/attachments/judged_files.h"
#include "agent/channels/attachments/openers.h"
#include "agent/channels/channel.h"

namespace shoumi::agent::attachments {

struct JudgeBounds {
  size_t queue_max = 512;                  // opens of watched programs not yet looked at
  size_t undecided_max = 1024;             // files whose verdict is awaited
  size_t waiters_max = 256;                // opens of one file by one app that wait for one verdict
  size_t folded_max = 1024;                // verdicts that are remembered for repeated opens
  std::chrono::milliseconds grace{1'000};  // past an event's deadline; then the fallback answers
  std::chrono::milliseconds deny_for{10'000};  // repeated opens of what was denied: no new event
  std::chrono::milliseconds allow_for{2'000};
  uint64_t copy_bytes_max = 64 << 20;  // of a file whose file system is served by a program
};

// Whether a file in a program's own folders was put there by another.
using IsPlanted = std::function<bool(const FileVersion&, const std::string& path)>;

struct JudgeCounters {
  std::atomic<uint64_t> events{0};
  std::atomic<uint64_t> denied{0};      // opens
  std::atomic<uint64_t> folded{0};      // opens without an event of their own
  std::atomic<uint64_t> own_paths{0};   // opened by a program for itself
  std::atomic<uint64_t> planted{0};     // in own paths, but put there by another program
  std::atomic<uint64_t> system{0};      // files of the system
  std::atomic<uint64_t> overloaded{0};  // queue_max, undecided_max
  std::atomic<uint64_t> lost{0};        // the event's answer did not come
};

// Judges opens by watched programs: what a program opens for itself passes, for the rest the
// pipeline is asked. One thread; answers come from any. Thread-safe.
class OpenJudge {
 public:
  // `judged` is told what was let through, and outlives what is under way. `served`: the file
  // systems are served by programs that may not answer, so their files are copied before they are
  // handed on. `passed` gets what was let through, on the judge's thread.
  OpenJudge(EventSink& sink, std::shared_ptr<JudgedFiles> judged, JudgeBounds bounds, bool served,
            std::function<void(UniqueFd)> passed, IsPlanted planted);
  OpenJudge(const OpenJudge&) = delete;
  OpenJudge& operator=(const OpenJudge&) = delete;
  ~OpenJudge() { Stop(); }

  // Takes an open by a watched program. Never waits: beyond queue_max and undecided_max it is
  // answered as the policy has it for what cannot be inspected because of overload.
  void Take(std::unique_ptr<PendingOpen> open, std::shared_ptr<const Opener> opener);

  // Lets pass what waits. Answers that come later do nothing.
  void Stop();

  [[nodiscard]] const JudgeCounters& counters() const;

 private:
  struct Shared;
  struct Entry;
  using Key = std::tuple<dev_t, uint64_t, std::string, uid_t>;  // file, app, user
  struct Arrived {
    std::unique_ptr<PendingOpen> open;
    std::shared_ptr<const Opener> opener;
  };

  void Run();
  void Judge(Arrived arrived);
  [[nodiscard]] bool IsOwnPath(const Opener& opener, const std::string& path,
                               const FileVersion& version);
  // What is judged, on a file system of the kernel's own, and on one that a program serves. False
  // when that was answered already.
  [[nodiscard]] bool LookAtLocal(Arrived& arrived, const std::string& path, FileVersion& version);
  [[nodiscard]] bool LookAtServed(Arrived& arrived, const std::string& path, FileVersion& version,
                                  UniqueFd& content);
  // True when `arrived` was answered, or waits, with an earlier open of the same.
  bool Fold(const Key& key, const FileVersion& version, Arrived& arrived);
  void Ask(const Key& key, const FileVersion& version, const std::string& path, UniqueFd content,
           Arrived arrived);
  void Refuse(const std::string& path, Arrived arrived, v1::UnscannedReason reason);
  void AnswerLate();
  void ReportOverload();
  void AnswerOverloaded(PendingOpen& open, const RulesInForce& rules);
  void Pass(std::unique_ptr<PendingOpen> open);
  static void Resolve(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Entry>& entry,
                      bool allow);

  EventSink& sink_;
  const JudgeBounds bounds_;
  const bool served_;
  const std::function<void(UniqueFd)> passed_;
  const IsPlanted planted_;  // or none
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace shoumi::agent::attachments
