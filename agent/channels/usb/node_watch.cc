#include "agent/channels/usb/node_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

#include "agent/channels/usb/open_files.h"

namespace shoumi::agent::usb {
namespace {

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
    : events_(std::move(events)), stop_(std::move(stop)), nodes_(std::move(nodes)), sink_(sink) {}

absl::StatusOr<std::unique_ptr<NodeWatch>> NodeWatch::Watch(const std::vector<std::string>& nodes,
                                                            EventSink& sink) {
  UniqueFd events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!events || !stop) return ErrnoStatus(errno, "inotify");
  for (const std::string& node : nodes) {
    if (::inotify_add_watch(events.get(), node.c_str(), IN_OPEN | IN_MODIFY | IN_CLOSE_WRITE) < 0) {
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

bool NodeWatch::ReportWriters() {
  bool found = false;
  for (const std::string& node : nodes_) {
    struct stat st {};
    if (::stat(node.c_str(), &st) != 0) continue;
    for (const OpenFile& file : OpenForWriting([&](const struct stat& open) {
           return S_ISBLK(open.st_mode) && open.st_rdev == st.st_rdev;
         })) {
      if (MayOpenNode(file.pid)) continue;
      found = true;
      sink_.Report(v1::AgentEvent::KIND_BYPASS_ATTEMPT,
                   fmt::format("{}: opened for writing past the guard by {} ({})", node,
                               file.executable, file.pid));
    }
  }
  return found;
}

NodeWatch::Seen NodeWatch::ReadEvents() {
  alignas(inotify_event) char buffer[16 << 10];
  const ssize_t n = ::read(events_.get(), buffer, sizeof(buffer));
  Seen seen;
  for (ssize_t at = 0; at < n;) {
    const auto* const event = reinterpret_cast<const inotify_event*>(buffer + at);
    seen.opened = true;
    seen.for_writing |= (event->mask & (IN_MODIFY | IN_CLOSE_WRITE)) != 0;
    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
  }
  return seen;
}

void NodeWatch::Run() {
  constexpr int kReportEveryMs = 1000;
  auto due = std::chrono::steady_clock::now();
  Seen seen;
  for (;;) {
    pollfd fds[2] = {{events_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(fds, 2, seen.opened ? kReportEveryMs : -1) < 0 && errno != EINTR) return;
    if ((fds[1].revents & POLLIN) != 0) return;
    const Seen more = ReadEvents();
    seen.opened |= more.opened;
    seen.for_writing |= more.for_writing;
    const auto now = std::chrono::steady_clock::now();
    if (!seen.opened || now < due) continue;
    const bool found = ReportWriters();
    if (!found && seen.for_writing) {
      sink_.Report(v1::AgentEvent::KIND_BYPASS_ATTEMPT,
                   fmt::format("{}: opened for writing past the guard by a program that has ended",
                               nodes_.front()));
    }
    if (found || seen.for_writing) due = now + std::chrono::milliseconds(kReportEveryMs);
    seen = Seen{};
  }
}

}  // namespace shoumi::agent::usb
