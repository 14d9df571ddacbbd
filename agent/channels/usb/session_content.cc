#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/channels/usb/lower_io.h"
#include "agent/channels/usb/session.h"

namespace shoumi::agent::usb {
namespace {
constexpr off_t kStatBlockBytes = 512;
}  // namespace

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
                                                static_cast<uint64_t>(st.st_size),
                                                st.st_blocks * kStatBlockBytes < st.st_size);
  node.staged_mtime = st.st_mtim;
  return 0;
}

bool Session::PromiseRoom(Node& node, uint64_t start, uint64_t end) {
  const uint64_t more = node.staged->NewlyReserved(start, end);
  if (!room_->Promise(more)) return false;
  node.promised_bytes += more;
  return true;
}

void Session::CountRoom(Node& node) {
  const uint64_t now = node.staged ? node.staged->reserved_bytes() : 0;
  room_->Change(node.promised_bytes, now);
  node.promised_bytes = now;
}

void Session::Touch(Node& node) {
  ::clock_gettime(CLOCK_REALTIME_COARSE, &node.staged_mtime);
  node.dirty = true;
  node.accepted = false;
}

void Session::DropStaged(Node& node) {
  node.staged.reset();
  CountRoom(node);
}

int Session::TruncateLocked(Node& node, uint64_t bytes) {
  if (const int error = EnsureStaged(node)) return error;
  const int error = node.staged->Truncate(bytes);
  CountRoom(node);
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
