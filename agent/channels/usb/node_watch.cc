#include "agent/channels/usb/node_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "agent/channels/usb/caller.h"
#include "agent/channels/usb/open_files.h"

namespace shoumi::agent::usb {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kReportEvery{1};

constexpr std::array<std::string_view, 19> kSystemPrograms = {
    "systemd-udevd", "udevadm",  "udisksd",    "blkid",      "lsblk",     "mount",    "umount",
    "losetup",       "blockdev", "fsck",       "e2fsck",     "fsck.ext4", "fsck.fat", "fsck.exfat",
    "fsck.ntfs",     "fsck.xfs", "xfs_repair", "fsck.btrfs", "dumpe2fs"};

}  // namespace

bool MayOpenNode(pid_t pid) {
  const std::string link = fmt::format("/proc/{}/exe", pid);
  char path[PATH_MAX];
  const ssize_t n = ::readlink(link.c_str(), path, sizeof(path));
  if (n <= 0) return false;
  const std::string_view executable(path, static_cast<size_t>(n));
  const std::string_view name = executable.substr(executable.rfind('/') + 1);
  if (std::find(kSystemPrograms.begin(), kSystemPrograms.end(), name) == kSystemPrograms.end()) {
    return false;
  }
  struct stat st {};
  return ::stat(link.c_str(), &st) == 0 && st.st_uid == 0 &&
         (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

NodeWatch::NodeWatch(UniqueFd events, UniqueFd stop, std::vector<std::string> nodes,
                     EventSink& sink)
    : events_(std::move(events)),
      stop_(std::move(stop)),
      nodes_(std::move(nodes)),
      sink_(sink),
      own_pid_(::getpid()) {}

absl::StatusOr<std::unique_ptr<NodeWatch>> NodeWatch::Watch(const std::vector<std::string>& nodes,
                                                            EventSink& sink) {
  // With file handles instead of descriptors the kernel tells of device nodes as well.
  UniqueFd events(
      ::fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC | FAN_NONBLOCK, 0));
  if (!events) return ErrnoStatus(errno, "fanotify_init");
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return ErrnoStatus(errno, "eventfd");
  for (const std::string& node : nodes) {
    if (::fanotify_mark(events.get(), FAN_MARK_ADD, FAN_OPEN | FAN_MODIFY | FAN_CLOSE_WRITE,
                        AT_FDCWD, node.c_str()) != 0) {
      return ErrnoStatus(errno, "watching " + node);
    }
  }
  std::unique_ptr<NodeWatch> watch(new NodeWatch(std::move(events), std::move(stop), nodes, sink));
  watch->thread_ = std::thread([w = watch.get()] { w->Run(); });
  return watch;
}

NodeWatch::~NodeWatch() {
  const uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof(one)) == sizeof(one)) thread_.join();
}

void NodeWatch::Report(const std::string& node, pid_t pid, const std::string& executable) {
  const auto now = steady_clock::now();
  std::erase_if(reported_, [&](const auto& one) { return now - one.second >= kReportEvery; });
  if (!reported_.emplace(pid, now).second) return;
  sink_.Report(v1::AgentEvent::KIND_BYPASS_ATTEMPT,
               fmt::format("{}: opened for writing past the guard by {} ({})", node,
                           executable.empty() ? "a program that has ended" : executable, pid));
}

void NodeWatch::ReportLost() {
  const auto now = steady_clock::now();
  if (now - lost_reported_ < kReportEvery) return;
  lost_reported_ = now;
  sink_.Report(v1::AgentEvent::KIND_GUARD_FAILED,
               nodes_.front() + ": more was done with it than could be looked at");
}

void NodeWatch::ReportWriters() {
  for (const std::string& node : nodes_) {
    struct stat st {};
    if (::stat(node.c_str(), &st) != 0) continue;
    for (const OpenFile& file : OpenForWriting([&](const struct stat& open) {
           return S_ISBLK(open.st_mode) && open.st_rdev == st.st_rdev;
         })) {
      if (!MayOpenNode(file.pid)) Report(node, file.pid, file.executable);
    }
  }
}

void NodeWatch::Opened(pid_t pid) {
  if (openers_.size() >= kOpenersMax && !openers_.contains(pid)) {
    openers_.erase(std::min_element(
        openers_.begin(), openers_.end(),
        [](const auto& a, const auto& b) { return a.second.opened < b.second.opened; }));
  }
  openers_[pid] = {ProgramOf(pid).executable(), MayOpenNode(pid), steady_clock::now()};
}

void NodeWatch::Wrote(pid_t pid) {
  // A shell opens what it redirects to and becomes the program that writes; and who has written may
  // have become another since.
  std::string executable = ProgramOf(pid).executable();
  bool allowed = MayOpenNode(pid);
  if (const auto found = openers_.find(pid); found != openers_.end()) {
    const Opener& opener = found->second;
    if (executable.empty()) {
      executable = opener.executable;
      allowed = opener.allowed;
    } else if (allowed && !opener.allowed) {
      executable = opener.executable;
      allowed = false;
    }
  }
  if (!allowed) Report(nodes_.front(), pid, executable);
}

bool NodeWatch::ReadEvents() {
  char buffer[16 << 10];
  const ssize_t bytes = ::read(events_.get(), buffer, sizeof(buffer));
  bool opened = false;
  fanotify_event_metadata event{};
  constexpr auto kHeaderBytes = static_cast<ssize_t>(sizeof(event));
  for (ssize_t at = 0; at + kHeaderBytes <= bytes; at += event.event_len) {
    // Copied: with a file handle behind it, an event's length is no multiple of its alignment.
    std::memcpy(&event, buffer + at, sizeof(event));
    if (event.event_len < sizeof(event)) break;
    if ((event.mask & FAN_Q_OVERFLOW) != 0) ReportLost();
    if (event.pid == own_pid_) continue;
    if ((event.mask & (FAN_OPEN | FAN_Q_OVERFLOW)) != 0) opened = true;
    if ((event.mask & FAN_OPEN) != 0) Opened(event.pid);
    if ((event.mask & (FAN_MODIFY | FAN_CLOSE_WRITE)) != 0) Wrote(event.pid);
  }
  return opened;
}

void NodeWatch::Run() {
  constexpr int kReportEveryMs = std::chrono::milliseconds(kReportEvery).count();
  auto due = steady_clock::now();
  bool opened = false;
  for (;;) {
    pollfd fds[2] = {{events_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(fds, 2, opened ? kReportEveryMs : -1) < 0 && errno != EINTR) return;
    if ((fds[1].revents & POLLIN) != 0) return;
    opened |= ReadEvents();
    const auto now = steady_clock::now();
    if (!opened || now < due) continue;
    ReportWriters();
    due = now + kReportEvery;
    opened = false;
  }
}

}  // namespace shoumi::agent::usb
