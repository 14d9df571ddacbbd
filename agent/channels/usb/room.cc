#include "agent/channels/usb/room.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "agent/channels/usb/lower_io.h"

namespace shoumi::agent::usb {
namespace {

uint64_t BytesOnDevice(int fd) {
  constexpr uint64_t kStatBlockBytes = 512;
  struct stat st {};
  return ::fstat(fd, &st) == 0 ? static_cast<uint64_t>(st.st_blocks) * kStatBlockBytes : 0;
}

}  // namespace

bool Room::Promise(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > 0) {
    // Before the free room is asked for: what is taken in between counts twice, never not at all.
    const uint64_t outstanding = OutstandingLocked();
    struct statvfs st {};
    if (::statvfs(ProcPath(root_).c_str(), &st) == 0 &&
        outstanding + bytes > st.f_bavail * st.f_frsize) {
      return false;
    }
  }
  promised_ += bytes;
  return true;
}

void Room::Change(uint64_t before, uint64_t after) {
  const std::lock_guard lock(mutex_);
  promised_ += after;
  promised_ -= before;
}

void Room::BeginTaking(int lower, uint64_t promised) {
  const std::lock_guard lock(mutex_);
  taking_[lower] = Taking{promised, BytesOnDevice(lower)};
}

void Room::EndTaking(int lower, bool kept) {
  const std::lock_guard lock(mutex_);
  const auto it = taking_.find(lower);
  if (kept) promised_ -= it->second.promised;
  taking_.erase(it);
}

uint64_t Room::outstanding_bytes() const {
  const std::lock_guard lock(mutex_);
  return OutstandingLocked();
}

uint64_t Room::OutstandingLocked() const {
  uint64_t outstanding = promised_;
  for (const auto& [lower, taking] : taking_) {
    const uint64_t has = BytesOnDevice(lower);
    outstanding -= std::min(taking.promised, has - std::min(has, taking.had));
  }
  return outstanding;
}

}  // namespace shoumi::agent::usb
