#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "agent/channels/attachments/clean_files.h"
#include "agent/channels/attachments/fanotify_group.h"
#include "agent/channels/attachments/file_systems.h"
#include "agent/channels/attachments/open_judge.h"
#include "agent/channels/attachments/openers.h"
#include "agent/channels/channel.h"

namespace shoumi::agent::attachments {

struct ListenerOptions {
  // File systems that are served by programs, which may keep whoever opens waiting. They get a
  // listener of their own each, so that only their own opens wait for them.
  bool served = false;
  FileSystem system;                    // that one, when `served`
  std::shared_ptr<JudgedFiles> judged;  // of all listeners
  IsPlanted planted;                    // of local file systems
  bool ahead = true;  // users' files are inspected before a watched program opens them
  JudgeBounds judge;
  CleanBounds clean;
};

struct ListenerCounters {
  std::atomic<uint64_t> opens{0};
  std::atomic<uint64_t> own{0};  // of this process
  std::atomic<uint64_t> unwatched{0};
  std::atomic<uint64_t> watched{0};
  std::atomic<uint64_t> unidentified{0};  // passed: ended, not told in time, or too many at once
  std::atomic<uint64_t> writable_closes{0};
  std::atomic<uint64_t> flushes{0};  // events that did not fit the kernel's queue
};

// Answers the kernel about opens on a set of file systems. The thread that answers neither scans
// nor opens files nor waits: what is not known at once goes to others. Thread-safe.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using Rules = std::function<std::shared_ptr<const RulesInForce>()>;  // never waits

  // `openers` and `sink` outlive it.
  static absl::StatusOr<std::shared_ptr<Listener>> Start(Openers& openers, EventSink& sink,
                                                         Rules rules, ListenerOptions options);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { Stop(); }

  // Of local file systems. `mount`: a descriptor of anything there, whichever mount of it.
  absl::Status Add(int mount) { return group_->AddFileSystem(mount); }
  absl::Status Remove(int mount) { return group_->RemoveFileSystem(mount); }
  // Whether the served file system is under watch by now; Unavailable while that is not known.
  [[nodiscard]] absl::Status covered() const;
  // The rules have changed.
  void Reset() { clean_->Reset(); }
  // Lets pass what waits, and takes all marks away. Waits for who serves the file system.
  void Stop();

  [[nodiscard]] const ListenerCounters& counters() const { return counters_; }
  [[nodiscard]] const JudgeCounters& judged() const { return judge_->counters(); }
  [[nodiscard]] const CleanCounters& clean() const { return clean_->counters(); }

 private:
  Listener(std::shared_ptr<FanotifyGroup> group, Openers& openers, EventSink& sink, Rules rules,
           ListenerOptions options);
  void Run();
  absl::Status MarkServed();
  void Answer(std::unique_ptr<PendingOpen> open);
  void Route(std::unique_ptr<PendingOpen> open, std::shared_ptr<const Opener> opener);
  void PassUnwatched(PendingOpen& open);

  const std::shared_ptr<FanotifyGroup> group_;
  Openers& openers_;
  const Rules rules_;
  const bool served_;
  const FileSystem system_;
  const pid_t self_;
  mutable std::mutex mutex_;
  absl::Status covered_ = absl::UnavailableError("does not answer");
  ListenerCounters counters_;
  std::unique_ptr<CleanFiles> clean_;
  std::unique_ptr<OpenJudge> judge_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace shoumi::agent::attachments
