#include "agent/channels/attachments/fanotify_group.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "fmt/format.h"

// Linux 5.19; the headers of glibc 2.36 have it, older ones do not.
#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE 0x00000200
#endif

namespace shoumi::agent::attachments {
namespace {

// The errno value, 0 for success. Calls the kernel only: other threads may hold whatever lock.
int MarkAsUser(int group, uid_t user, gid_t user_group,
               const std::vector<std::pair<int, std::string>>& mounts) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct rights[_LINUX_CAPABILITY_U32S_3] = {};
  if (::prctl(PR_SET_KEEPCAPS, 1) != 0 ||
      ::syscall(SYS_setresgid, user_group, user_group, user_group) != 0 ||
      ::syscall(SYS_setresuid, user, user, user) != 0 ||
      ::syscall(SYS_capget, &header, rights) != 0) {
    return errno;
  }
  // Kept, but not in force after the change of user.
  for (auto& right : rights) right.effective = right.permitted;
  if (::syscall(SYS_capset, &header, rights) != 0) return errno;
  int last = ENOENT;
  for (const auto& [id, place] : mounts) {
    const int root = ::open(place.c_str(), O_PATH | O_CLOEXEC);
    struct statx is {};
    if (root < 0 || ::statx(root, "", AT_EMPTY_PATH, STATX_MNT_ID, &is) != 0) {
      last = errno;
      continue;
    }
    if (is.stx_mnt_id != static_cast<uint64_t>(id)) {
      last = EBUSY;
      continue;
    }
    if (::fchdir(root) == 0 && ::fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
                                               FAN_OPEN_PERM, AT_FDCWD, ".") == 0) {
      return 0;
    }
    last = errno;
  }
  return last;
}

}  // namespace

PendingOpen::PendingOpen(std::shared_ptr<FanotifyGroup> group, int fd, pid_t pid)
    : group_(std::move(group)), file_(fd), number_(fd), pid_(pid) {}

PendingOpen::~PendingOpen() {
  Answer(true);
}

// Before the descriptor is closed: the kernel knows the event by its number.
void PendingOpen::Answer(bool allow) {
  if (std::exchange(answered_, true)) return;
  group_->Respond(number_, allow);
}

FanotifyGroup::FanotifyGroup(UniqueFd group, UniqueFd stop)
    : group_(std::move(group)), stop_(std::move(stop)) {}

absl::StatusOr<std::shared_ptr<FanotifyGroup>> FanotifyGroup::Create() {
  UniqueFd group(::fanotify_init(
      FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_MARKS | FAN_UNLIMITED_QUEUE,
      O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME));
  if (!group) return ErrnoStatus(errno, "fanotify_init");
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return ErrnoStatus(errno, "eventfd");
  return std::shared_ptr<FanotifyGroup>(new FanotifyGroup(std::move(group), std::move(stop)));
}

absl::Status FanotifyGroup::Mark(unsigned flags, uint64_t mask, int file, const char* path) const {
  if (closed_) return absl::CancelledError("closed");
  if (::fanotify_mark(group_.get(), flags, mask, file, path) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, "fanotify_mark");
}

absl::Status FanotifyGroup::AddFileSystem(int mount) {
  return Mark(FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM, AT_FDCWD,
              fmt::format("/proc/self/fd/{}", mount).c_str());
}

absl::Status FanotifyGroup::AddFileSystemOf(
    uid_t user, gid_t group, const std::vector<std::pair<int, std::string>>& mounts) {
  const pid_t child = ::fork();
  if (child < 0) return ErrnoStatus(errno, "fork");
  if (child == 0) ::_exit(MarkAsUser(group_.get(), user, group, mounts));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "waitpid");
  }
  if (!WIFEXITED(status)) return absl::AbortedError("killed by its user");
  if (WEXITSTATUS(status) == 0) return absl::OkStatus();
  return ErrnoStatus(WEXITSTATUS(status), "mark as its user");
}

absl::Status FanotifyGroup::RemoveFileSystem(int mount) {
  return Mark(FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM, AT_FDCWD,
              fmt::format("/proc/self/fd/{}", mount).c_str());
}

absl::Status FanotifyGroup::Ignore(int file) {
  // The watch for writable closes first: a mapping is written to without any other event.
  absl::Status watched = Mark(FAN_MARK_ADD | FAN_MARK_EVICTABLE, FAN_CLOSE_WRITE, file, nullptr);
  if (!watched.ok()) return watched;
  return Mark(FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_EVICTABLE, FAN_OPEN_PERM, file,
              nullptr);
}

// What is not marked, or not any more, is as it should be.
void FanotifyGroup::Forget(int file) {
  Mark(FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK, FAN_OPEN_PERM, file, nullptr).IgnoreError();
  Mark(FAN_MARK_REMOVE, FAN_CLOSE_WRITE, file, nullptr).IgnoreError();
}

void FanotifyGroup::ForgetAll() {
  Mark(FAN_MARK_FLUSH, 0, AT_FDCWD, nullptr).IgnoreError();
}

bool FanotifyGroup::Read(const Sink& sink) {
  alignas(fanotify_event_metadata) char buffer[4096];
  while (!closed_) {
    ssize_t left = ::read(group_.get(), buffer, sizeof(buffer));
    // An event whose file can no longer be opened is denied by the kernel; go on with the next.
    if (left < 0) {
      if (errno == EAGAIN) return true;
      continue;
    }
    const auto* event = reinterpret_cast<const fanotify_event_metadata*>(buffer);
    for (; FAN_EVENT_OK(event, left); event = FAN_EVENT_NEXT(event, left)) {
      if ((event->mask & FAN_Q_OVERFLOW) != 0) {
        sink.lost();
      } else if (event->fd >= 0 && (event->mask & FAN_OPEN_PERM) != 0) {
        sink.open(std::make_unique<PendingOpen>(shared_from_this(), event->fd, event->pid));
      } else if (event->fd >= 0) {
        sink.written(UniqueFd(event->fd));
      }
    }
  }
  return false;
}

void FanotifyGroup::Wait(int wait_ms) const {
  pollfd fds[2] = {{group_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
  if (::poll(fds, 2, wait_ms) < 0) return;  // looked at anyway
}

void FanotifyGroup::Respond(int number, bool allow) {
  const fanotify_response response = {number, allow ? unsigned{FAN_ALLOW} : unsigned{FAN_DENY}};
  // ENOENT: the program was killed meanwhile.
  if (::write(group_.get(), &response, sizeof(response)) < 0) return;
}

void FanotifyGroup::Close() {
  if (closed_.exchange(true)) return;
  const uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof(one)) < 0) return;  // never full: this is its only writer
  // The group's last descriptor goes with this.
  ::dup3(stop_.get(), group_.get(), O_CLOEXEC);
}

}  // namespace shoumi::agent::attachments
