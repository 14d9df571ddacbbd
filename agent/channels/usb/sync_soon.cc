#include "agent/channels/usb/sync_soon.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/log.h"

namespace shoumi::agent::usb {
namespace {

// From the first change on: the others of a copy join in, and nobody has pulled the stick yet.
constexpr std::chrono::milliseconds kGather{500};

constexpr std::chrono::milliseconds kGatherFiles{10};
constexpr size_t kFilesMax = 256;  // open until they are seen to; more wait for the whole sync

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
  const std::lock_guard lock(mutex_);  // programs are served until the mount goes
  files_.clear();
  folder_.Reset();
}

void SyncSoon::Changed(std::shared_ptr<LowerFile> file) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (file && files_.size() < kFilesMax) files_.push_back(std::move(file));
    if (changed_) return;
    changed_ = std::chrono::steady_clock::now();
  }
  wake_.notify_all();
}

void SyncSoon::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || changed_; });
    wake_.wait_for(lock, kGatherFiles, [this] { return stopping_; });
    if (stopping_) return;
    std::vector<std::shared_ptr<LowerFile>> files;
    files.swap(files_);
    const bool all = std::chrono::steady_clock::now() - *changed_ >= kGather;
    if (all) changed_.reset();
    lock.unlock();
    for (const auto& file : files) {
      // Errors show in the sync of all.
      ::sync_file_range(file->fd.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    files.clear();
    if (all && ::syncfs(folder_.get()) != 0) {
      spdlog::warn("a guarded device was not synced: {}",
                   std::string(ErrnoStatus(errno, "syncfs").message()));
    }
    lock.lock();
  }
}

}  // namespace shoumi::agent::usb
