#include "agent/channels/usb/sync_soon.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/log.h"

namespace shoumi::agent::usb {
namespace {

// From the first change on: the others of a copy join in, and nobody has pulled the stick yet.
constexpr std::chrono::milliseconds kGather{500};

}  // namespace

SyncSoon::SyncSoon(int root)
    : folder_(::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      thread_([this] { Run(); }) {}

void SyncSoon::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  folder_.Reset();
}

void SyncSoon::Changed() {
  {
    const std::lock_guard lock(mutex_);
    if (changed_) return;
    changed_ = true;
  }
  wake_.notify_all();
}

void SyncSoon::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || changed_; });
    wake_.wait_for(lock, kGather, [this] { return stopping_; });
    if (stopping_) return;
    changed_ = false;
    lock.unlock();
    if (::syncfs(folder_.get()) != 0) {
      spdlog::warn("a guarded device was not synced: {}",
                   std::string(ErrnoStatus(errno, "syncfs").message()));
    }
    lock.lock();
  }
}

}  // namespace shoumi::agent::usb
