#include "agent/channels/usb/stage.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/channels/usb/lower_io.h"

namespace shoumi::agent::usb {

StageStore::StageStore(std::string folder, uint64_t memory_bytes_per_file_max,
                       uint64_t memory_bytes_max)
    : folder_(std::move(folder)),
      memory_bytes_per_file_max_(memory_bytes_per_file_max),
      memory_bytes_max_(memory_bytes_max) {}

bool StageStore::GrowMemory(uint64_t held, uint64_t wanted) {
  if (wanted > memory_bytes_per_file_max_) return false;
  const uint64_t more = wanted - held;
  if (memory_bytes_.fetch_add(more) + more <= memory_bytes_max_) return true;
  memory_bytes_.fetch_sub(more);
  return false;
}

void StageStore::ReleaseMemory(uint64_t held) {
  memory_bytes_.fetch_sub(held);
}

Stage::~Stage() {
  if (!fd_) return;
  if (in_memory_) {
    store_->ReleaseMemory(memory_bytes_);
  } else {
    // Dirty pages of what is on the device or refused are not worth a write to the local disk.
    if (::ftruncate(fd_.get(), 0) != 0) return;
  }
}

int Stage::Prepare(uint64_t bytes) {
  if (fd_ && (!in_memory_ || bytes <= memory_bytes_)) return 0;
  if (store_->GrowMemory(memory_bytes_, bytes)) {
    if (!fd_) {
      fd_.Reset(::memfd_create("shoumi-stage", MFD_CLOEXEC));
      in_memory_ = fd_.ok();
    }
    memory_bytes_ = bytes;
    if (fd_) return 0;
    const int error = errno;
    store_->ReleaseMemory(std::exchange(memory_bytes_, 0));
    return error;
  }
  return MoveToDisk();
}

int Stage::MoveToDisk() {
  UniqueFd disk(::open(store_->folder().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!disk) return errno;
  if (fd_) {
    struct stat st {};
    if (::fstat(fd_.get(), &st) != 0) return errno;
    const auto size = static_cast<uint64_t>(st.st_size);
    // Hole by hole: a sparse stage stays sparse.
    for (uint64_t at = 0; at < size;) {
      const off_t data = ::lseek(fd_.get(), static_cast<off_t>(at), SEEK_DATA);
      if (data < 0) break;
      const off_t hole = ::lseek(fd_.get(), data, SEEK_HOLE);
      if (hole < 0) return errno;
      if (const int error = CopyRange(fd_.get(), disk.get(), static_cast<uint64_t>(data),
                                      static_cast<uint64_t>(hole))) {
        return error;
      }
      at = static_cast<uint64_t>(hole);
    }
    if (::ftruncate(disk.get(), st.st_size) != 0) return errno;
    store_->ReleaseMemory(std::exchange(memory_bytes_, 0));
  }
  fd_ = std::move(disk);
  in_memory_ = false;
  return 0;
}

UniqueFd Stage::OpenForReading() const {
  return UniqueFd(::open(ProcPath(fd_.get()).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace shoumi::agent::usb
