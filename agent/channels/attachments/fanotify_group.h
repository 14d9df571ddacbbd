#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi::agent::attachments {

class FanotifyGroup;

// An open(2) that waits for its answer. Answered exactly once: by Answer(), or let through when it
// is destroyed without. Not thread-safe; movable only by owner.
class PendingOpen {
 public:
  PendingOpen(std::shared_ptr<FanotifyGroup> group, int fd, pid_t pid);
  PendingOpen(const PendingOpen&) = delete;
  PendingOpen& operator=(const PendingOpen&) = delete;
  ~PendingOpen();

  // Never waits. Later calls do nothing.
  void Answer(bool allow);
  // The file, read-only, with an offset of its own. Valid for the lifetime of this object.
  [[nodiscard]] int file() const { return file_.get(); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // After the answer: the file goes to the caller.
  [[nodiscard]] UniqueFd TakeFile() { return std::move(file_); }

 private:
  const std::shared_ptr<FanotifyGroup> group_;
  UniqueFd file_;
  const int number_;  // of the event at the kernel
  const pid_t pid_;
  bool answered_ = false;
};

// One group of permission marks. When its descriptor goes, by Close() or with the process, the
// kernel lets through what waits and takes the marks away. Thread-safe.
class FanotifyGroup : public std::enable_shared_from_this<FanotifyGroup> {
 public:
  static absl::StatusOr<std::shared_ptr<FanotifyGroup>> Create();
  FanotifyGroup(const FanotifyGroup&) = delete;
  FanotifyGroup& operator=(const FanotifyGroup&) = delete;

  // `mount`: a descriptor, O_PATH too, of anything on the file system, whichever mount of it.
  absl::Status AddFileSystem(int mount);
  absl::Status RemoveFileSystem(int mount);
  // The same for a FUSE file system that lets in nobody but the user who mounted it, root included:
  // a child process does it as that user, so that no thread of this process can ever be killed by
  // them. `mounts`: ids and places of its mounts. Waits for who serves the file system.
  absl::Status AddFileSystemOf(uid_t user, gid_t group,
                               const std::vector<std::pair<int, std::string>>& mounts);

  // No event for opens of this file, until its content is written to, its inode leaves memory, or
  // Forget(). The kernel says when a descriptor that could write to it was closed: see `written` of
  // Read().
  absl::Status Ignore(int file);
  void Forget(int file);
  // All that Ignore() was called for.
  void ForgetAll();

  struct Sink {
    std::function<void(std::unique_ptr<PendingOpen>)> open;
    std::function<void(UniqueFd)> written;  // an ignored file, after a writable close
    std::function<void()> lost;             // events that say so did not fit the kernel's queue
  };
  // Hands on what has come. False when the group is closed. Never waits on a local file system; on
  // others the kernel opens the file for us and may wait for who serves it.
  bool Read(const Sink& sink);
  // Until something has come, Close() or `wait_ms`.
  void Wait(int wait_ms) const;

  // Ends all waiting; afterwards nothing is done.
  void Close();

 private:
  friend class PendingOpen;
  FanotifyGroup(UniqueFd group, UniqueFd stop);
  void Respond(int number, bool allow);
  absl::Status Mark(unsigned flags, uint64_t mask, int file, const char* path) const;

  // Close() puts `stop_` in the place of the group: the number stays ours while others use it.
  const UniqueFd group_;
  const UniqueFd stop_;
  std::atomic<bool> closed_{false};
};

}  // namespace shoumi::agent::attachments
