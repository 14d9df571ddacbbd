#include <fcntl.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/channels/usb/lower_io.h"
#include "agent/channels/usb/session.h"

namespace shoumi::agent::usb {

int Session::EnsureLower(Node& node, bool writable) {
  if (node.lower && (node.lower->writable || !writable)) return 0;
  const int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOATIME;
  UniqueFd fd(::open(ProcPath(node.path.get()).c_str(), flags));
  if (!fd) return errno;
  node.lower = std::make_shared<LowerFile>(LowerFile{std::move(fd), writable});
  return 0;
}

int Session::EnsureStaged(Node& node) {
  if (node.staged) return 0;
  if (const int error = EnsureLower(node, true)) return error;
  struct stat st {};
  if (::fstat(node.lower->fd.get(), &st) != 0) return errno;
  node.staged = std::make_unique<StagedContent>(store_, node.lower->fd.get(),
                                                static_cast<uint64_t>(st.st_size));
  node.staged_mtime = st.st_mtim;
  return 0;
}

bool Session::HasRoom(uint64_t bytes) const {
  if (bytes == 0) return true;
  struct statvfs st {};
  if (::statvfs(ProcPath(root_->path.get()).c_str(), &st) != 0) return true;
  const uint64_t free = st.f_bavail * st.f_frsize;
  return reserved_bytes_ + bytes <= free;
}

void Session::CountReserved(uint64_t before, uint64_t after) {
  reserved_bytes_ += after;
  reserved_bytes_ -= before;
}

void Session::Touch(Node& node) {
  ::clock_gettime(CLOCK_REALTIME_COARSE, &node.staged_mtime);
  node.dirty = true;
  node.accepted = false;
}

void Session::DropStaged(Node& node) {
  if (!node.staged) return;
  CountReserved(node.staged->reserved_bytes(), 0);
  node.staged.reset();
}

int Session::TruncateLocked(Node& node, uint64_t bytes) {
  if (const int error = EnsureStaged(node)) return error;
  const uint64_t before = node.staged->reserved_bytes();
  const int error = node.staged->Truncate(bytes);
  CountReserved(before, node.staged->reserved_bytes());
  if (!error) Touch(node);
  return error;
}

// Without a name nothing of it can be found on the device later, so nothing needs to get there.
bool Session::Nameless(const Node& node) const {
  if (node.pending) return node.names.empty();
  struct stat st {};
  return ::fstatat(node.path.get(), "", &st, AT_EMPTY_PATH) == 0 && st.st_nlink == 0;
}

}  // namespace shoumi::agent::usb
