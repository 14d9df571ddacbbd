#include "agent/channels/attachments/held_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "common/ids.h"
#include "fmt/format.h"

namespace shoumi::agent::attachments {
namespace {

constexpr size_t kFdinfoBytesMax = 4096;
constexpr size_t kMountsBytesMax = 4 << 20;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

Folder OpenFolder(int at, const char* name) {
  UniqueFd fd(::openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Folder folder(fd ? ::fdopendir(fd.get()) : nullptr);
  if (folder != nullptr && fd.Release() < 0) return nullptr;
  return folder;
}

template <typename Each>
void ForEachNumber(DIR* folder, size_t entries_max, Each each) {
  for (size_t i = 0; folder != nullptr && i < entries_max; ++i) {
    const dirent* entry = ::readdir(folder);
    if (entry == nullptr) return;
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') each(entry->d_name);
  }
}

bool IsReadOnly(const apps::Process& process, const char* number) {
  const std::string info = process.Table(fmt::format("fdinfo/{}", number).c_str(), kFdinfoBytesMax);
  const size_t at = info.find("flags:");
  if (at == std::string::npos) return false;
  const size_t begin = info.find_first_not_of("\t ", at + 6);
  unsigned flags = O_WRONLY;
  if (begin != std::string::npos) {
    std::from_chars(info.data() + begin, info.data() + info.size(), flags, 8);
  }
  return (flags & O_ACCMODE) == O_RDONLY && (flags & O_PATH) == 0;
}

bool HasOwnMounts(const apps::Process& process) {
  std::array<char, 64> mine{};
  const ssize_t n = ::readlink("/proc/self/ns/mnt", mine.data(), mine.size());
  const std::string theirs = process.Link("ns/mnt");
  return n > 0 && !theirs.empty() &&
         theirs != std::string_view(mine.data(), static_cast<size_t>(n));
}

// Whether the way to it leads through a file system that may keep us waiting.
bool IsBelowServed(const FileSystem& system, const std::vector<FileSystem>& all) {
  return std::ranges::any_of(all, [&](const FileSystem& other) {
    return other.kind == FileSystemKind::kServed &&
           std::ranges::any_of(other.mounts, [&](const auto& mount) {
             return mount.second == "/" || system.mount_point == mount.second ||
                    system.mount_point.starts_with(mount.second + "/");
           });
  });
}

}  // namespace

void HeldFiles::Look(const std::shared_ptr<const RulesInForce>& rules, const Places& places) {
  ++looks_;
  const Folder processes = OpenFolder(AT_FDCWD, "/proc");
  const pid_t self = ::getpid();
  ForEachNumber(processes.get(), kProcessesMax, [&](const char* name) {
    pid_t pid = 0;
    std::from_chars(name, name + std::strlen(name), pid);
    if (pid <= 0 || pid == self) return;
    const std::shared_ptr<const Opener> opener = openers_.Find(pid, rules);
    if (opener == nullptr) {
      // Too many at once: the rest has its turn the next time.
      if (!openers_.Identify(pid, rules, [](const auto&) {})) return;
    } else if (opener->watched) {
      LookAt(*opener, places);
    }
  });
}

void HeldFiles::LookAt(const Opener& opener, const Places& places) {
  if (HasOwnMounts(opener.process)) LookAtMounts(opener, places);
  const Folder files = OpenFolder(opener.process.folder(), "fd");
  ForEachNumber(files.get(), kFilesMax,
                [&](const char* number) { LookAtFile(opener, number, places); });
}

void HeldFiles::LookAtFile(const Opener& opener, const char* number, const Places& places) {
  const std::string link = fmt::format("fd/{}", number);
  const std::string path = opener.process.Link(link.c_str());
  if (!path.starts_with('/')) return;  // a socket, a pipe
  struct statx is {};
  if (::statx(opener.process.folder(), link.c_str(), AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &is) !=
      0) {
    return;
  }
  const auto version = VersionFrom(is);
  if (!version || !places.is_local(version->device) || IsSystemFile(path, *version)) return;
  const apps::ProgramIdentity& who = opener.identity;
  if (judged_.Has(*version, who.app->id(), who.uid) || !IsReadOnly(opener.process, number)) return;
  const bool own = opener.rules->catalogue.IsOwnPath(*who.app, who.uid, path);
  if (own && !places.planted(*version, path)) return;
  UniqueFd content(::openat(opener.process.folder(), link.c_str(),
                            O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOATIME | O_CLOEXEC));
  if (!content || VersionOf(content.get()) != version) return;  // the next time
  if (!judged_.Add(*version, who.app->id(), who.uid)) return;
  ++found_;
  Event event;
  event.context.set_event_id(NewUuid());
  event.context.set_channel(v1::CHANNEL_ATTACHMENT);
  event.context.mutable_user()->set_uid(who.uid);
  *event.context.mutable_program() = who.program;
  event.context.set_destination(path);
  event.context.set_operation("held open");
  event.context.set_content_name(path.substr(path.rfind('/') + 1));
  event.context.set_content_bytes(version->bytes);
  event.name = event.context.content_name();
  event.deadline = std::chrono::steady_clock::now() + opener.rules->verdict_ms_max;
  event.report_only = true;
  event.content = std::move(content);
  event.answer = [](const v1::Verdict&) {};
  sink_.Submit(std::move(event));
}

void HeldFiles::LookAtMounts(const Opener& opener, const Places& places) {
  const std::vector<FileSystem> all =
      ParseFileSystems(opener.process.Table("mountinfo", kMountsBytesMax));
  for (const FileSystem& system : all) {
    if (system.kind != FileSystemKind::kLocal) continue;
    if (places.is_local(system.device)) {
      places.seen(system.device);
      continue;
    }
    if (IsBelowServed(system, all)) {
      places.unreachable(system, absl::UnavailableError("lies below a file system of a program"));
      continue;
    }
    const std::string place = "root" + system.mount_point;
    const UniqueFd root(::openat(opener.process.folder(), place.c_str(), O_PATH | O_CLOEXEC));
    struct statx is {};
    const bool right =
        root &&
        ::statx(root.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &is) == 0 &&
        makedev(is.stx_dev_major, is.stx_dev_minor) == system.device;
    if (right) {
      places.foreign(system, root);
    } else {
      places.unreachable(system, absl::AbortedError("something else is mounted over it"));
    }
  }
}

}  // namespace shoumi::agent::attachments
