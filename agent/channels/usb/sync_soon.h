#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/fd.h"

namespace shoumi::agent::usb {

// Brings a file system to its device shortly after changes: who unmounts the guard gets the prompt
// back before the file system below is unmounted, and the kernel passes syncfs(2) on to no FUSE
// server. Thread-safe.
class SyncSoon {
 public:
  // `root`: any descriptor on the file system.
  explicit SyncSoon(int root);
  SyncSoon(const SyncSoon&) = delete;
  SyncSoon& operator=(const SyncSoon&) = delete;
  // Does not sync: unmounting does.
  ~SyncSoon() { Stop(); }
  void Stop();

  void Changed();

 private:
  void Run();

  UniqueFd folder_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool changed_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace shoumi::agent::usb
