#include "agent/channels/usb/fanotify_fence.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "agent/channels/usb/caller.h"
#include "agent/channels/usb/folded_reports.h"

// Linux 6.0; the headers of glibc 2.36 do not name it.
#ifndef FAN_MARK_IGNORE
#define FAN_MARK_IGNORE 0x00000400
#endif

namespace shoumi::agent::usb {
namespace {

int MarkAll(int group, int mount, bool through_allowed) {
  // The guard's own way in first, so that it never waits for itself.
  if (through_allowed &&
      ::fanotify_mark(
          group, FAN_MARK_ADD | FAN_MARK_MOUNT | FAN_MARK_IGNORE | FAN_MARK_IGNORED_SURV_MODIFY,
          FAN_OPEN_PERM | FAN_ONDIR, mount, ".") != 0) {
    return errno;
  }
  if (::fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM | FAN_ONDIR, mount,
                      ".") != 0) {
    return errno;
  }
  return 0;
}

}  // namespace

FanotifyFence::FanotifyFence(UniqueFd group, UniqueFd stop, std::string device, EventSink& sink)
    : group_(std::move(group)), stop_(std::move(stop)), device_(std::move(device)), sink_(sink) {}

absl::StatusOr<std::unique_ptr<FanotifyFence>> FanotifyFence::Raise(int mount, Through through,
                                                                    std::string device,
                                                                    EventSink& sink) {
  UniqueFd group(::fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK,
                                 O_RDONLY | O_LARGEFILE | O_CLOEXEC));
  if (!group) return ErrnoStatus(errno, "fanotify_init");
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return ErrnoStatus(errno, "eventfd");
  const int raw = group.get();
  std::unique_ptr<FanotifyFence> fence(
      new FanotifyFence(std::move(group), std::move(stop), std::move(device), sink));
  fence->answers_ = std::thread([f = fence.get()] { f->Answer(); });
  fence->reports_ = std::thread([f = fence.get()] { f->ReportDenied(); });
  if (const int error = MarkAll(raw, mount, through == Through::kAllowed)) {
    return ErrnoStatus(error, "fanotify marks on " + fence->device_);
  }
  return fence;
}

FanotifyFence::~FanotifyFence() {
  const uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof(one)) == sizeof(one)) answers_.join();
  group_.Reset();  // opens that wait are let through, and the marks go
  stopping_ = true;
  denied_.Close();
  reports_.join();
}

void FanotifyFence::Answer() {
  for (;;) {
    pollfd fds[2] = {{group_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if ((fds[1].revents & POLLIN) != 0) return;
    while (AnswerBatch()) continue;
  }
}

bool FanotifyFence::AnswerBatch() {
  alignas(fanotify_event_metadata) char buffer[4096];
  ssize_t left = ::read(group_.get(), buffer, sizeof(buffer));
  // An event whose file can no longer be opened is denied by the kernel; go on with the next.
  if (left < 0) return errno != EAGAIN;
  const auto* event = reinterpret_cast<const fanotify_event_metadata*>(buffer);
  for (; FAN_EVENT_OK(event, left); event = FAN_EVENT_NEXT(event, left)) {
    if (event->fd < 0) continue;
    const bool allowed = event->pid == ::getpid();
    const fanotify_response answer = {event->fd,
                                      allowed ? unsigned{FAN_ALLOW} : unsigned{FAN_DENY}};
    const bool answered = ::write(group_.get(), &answer, sizeof(answer)) == sizeof(answer);
    ::close(event->fd);
    if (answered && !allowed && !denied_.TryPush(pid_t{event->pid})) continue;
  }
  return true;
}

void FanotifyFence::ReportDenied() {
  FoldedReports reports(sink_);
  for (;;) {
    const auto denied = denied_.Pop(std::chrono::milliseconds(500));
    if (denied) {
      const std::string program = ProgramOf(*denied).executable();
      reports.Note(fmt::format("{}: opened past the guard by {}, denied", device_,
                               program.empty() ? "a program that has ended" : program));
    }
    reports.Flush();
    if (!denied && stopping_) return;
  }
}

}  // namespace shoumi::agent::usb
