#include "agent/channels/usb/change_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/channels/usb/caller.h"
#include "agent/channels/usb/folded_reports.h"

namespace shoumi::agent::usb {

ChangeWatch::ChangeWatch(UniqueFd group, UniqueFd stop, std::string device, EventSink& sink)
    : group_(std::move(group)),
      stop_(std::move(stop)),
      device_(std::move(device)),
      sink_(sink),
      own_pid_(::getpid()) {}

absl::StatusOr<std::unique_ptr<ChangeWatch>> ChangeWatch::Watch(int mount, std::string device,
                                                                EventSink& sink) {
  UniqueFd group(::fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC | FAN_NONBLOCK, 0));
  if (!group) return ErrnoStatus(errno, "fanotify_init");
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return ErrnoStatus(errno, "eventfd");
  if (::fanotify_mark(group.get(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
                      FAN_CREATE | FAN_MOVED_TO | FAN_ATTRIB | FAN_ONDIR, mount, ".") != 0) {
    return ErrnoStatus(errno, "watching changes of " + device);
  }
  std::unique_ptr<ChangeWatch> watch(
      new ChangeWatch(std::move(group), std::move(stop), std::move(device), sink));
  watch->thread_ = std::thread([w = watch.get()] { w->Run(); });
  return watch;
}

ChangeWatch::~ChangeWatch() {
  const uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof(one)) == sizeof(one)) thread_.join();
}

void ChangeWatch::Run() {
  // The guard's own changes raise events too: gathered, so that a copy wakes this thread a few
  // times a second and not for every file.
  constexpr int kGatherMs = 200;
  constexpr int kReportMs = 1000;
  FoldedReports reports(sink_);
  bool noted = false;
  for (;;) {
    pollfd fds[2] = {{stop_.get(), POLLIN, 0}, {group_.get(), POLLIN, 0}};
    if (::poll(fds, 2, noted ? kReportMs : -1) < 0 && errno != EINTR) return;
    if (::poll(fds, 1, kGatherMs) < 0 && errno != EINTR) return;
    if ((fds[0].revents & POLLIN) != 0) return;
    while (ReadBatch(&reports)) noted = true;
    reports.Flush();
  }
}

bool ChangeWatch::ReadBatch(FoldedReports* reports) {
  char buffer[64 << 10];
  const ssize_t bytes = ::read(group_.get(), buffer, sizeof(buffer));
  if (bytes <= 0) return false;
  fanotify_event_metadata event{};
  constexpr auto kHeaderBytes = static_cast<ssize_t>(sizeof(event));
  for (ssize_t at = 0; at + kHeaderBytes <= bytes; at += event.event_len) {
    // Copied: with a file handle behind it, an event's length is no multiple of its alignment.
    std::memcpy(&event, buffer + at, sizeof(event));
    if (event.event_len < sizeof(event)) break;
    if (event.pid == own_pid_) continue;
    if ((event.mask & FAN_Q_OVERFLOW) != 0) {
      reports->Note(fmt::format("{}: more changes than could be looked at", device_));
      continue;
    }
    const std::string program = ProgramOf(event.pid).executable();
    reports->Note(fmt::format("{}: names or attributes changed past the guard by {}", device_,
                              program.empty() ? "a program that has ended" : program));
  }
  return true;
}

}  // namespace shoumi::agent::usb
