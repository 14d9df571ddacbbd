#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/channels/usb/node.h"
#include "common/fd.h"

namespace shoumi::agent::usb {

// Brings a file system to its device shortly after changes: who unmounts the guard gets the prompt
// back before the file system below is unmounted, and the kernel passes syncfs(2) on to no FUSE
// server. Content goes first and at once, so that a slow device works while the next files are
// judged; names and attributes follow for many files together. Thread-safe.
class SyncSoon {
 public:
  // `root`: any descriptor on the file system.
  explicit SyncSoon(int root);
  SyncSoon(const SyncSoon&) = delete;
  SyncSoon& operator=(const SyncSoon&) = delete;
  // Does not sync: unmounting does.
  ~SyncSoon() { Stop(); }
  void Stop();

  // `file` holds what is new on the device.
  void Changed(std::shared_ptr<LowerFile> file);

 private:
  void Run();

  UniqueFd folder_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<std::chrono::steady_clock::time_point> changed_;  // first change not synced
  std::vector<std::shared_ptr<LowerFile>> files_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace shoumi::agent::usb
