#include "agent/channels/attachments/file_version.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <string_view>

#include "fmt/format.h"

namespace shoumi::agent::attachments {
namespace {

constexpr std::string_view kSystemFolders[] = {"/usr/",           "/bin/",
                                               "/sbin/",          "/lib/",
                                               "/lib32/",         "/lib64/",
                                               "/libx32/",        "/etc/",
                                               "/opt/",           "/boot/",
                                               "/snap/",          "/var/lib/flatpak/",
                                               "/var/lib/snapd/", "/var/cache/fontconfig/",
                                               "/run/systemd/",   "/run/udev/"};

std::optional<uint64_t> MountOf(int file) {
  struct statx is {};
  if (::statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &is) != 0) {
    return std::nullopt;
  }
  return is.stx_mnt_id;
}

}  // namespace

std::optional<FileVersion> VersionOf(int file) {
  struct statx is {};
  if (::statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &is) != 0) {
    return std::nullopt;
  }
  return VersionFrom(is);
}

std::optional<FileVersion> VersionFrom(const struct statx& is) {
  if (!S_ISREG(is.stx_mode)) return std::nullopt;
  FileVersion version;
  version.device = makedev(is.stx_dev_major, is.stx_dev_minor);
  version.inode = is.stx_ino;
  version.bytes = is.stx_size;
  version.change_s = is.stx_ctime.tv_sec;
  version.change_ns = is.stx_ctime.tv_nsec;
  version.mode = is.stx_mode;
  version.uid = is.stx_uid;
  version.gid = is.stx_gid;
  return version;
}

std::optional<FilePlace> PlaceOf(int file) {
  const auto version = VersionOf(file);
  const auto mount = MountOf(file);
  if (!version || !mount) return std::nullopt;
  return FilePlace{PathOf(file), *mount, *version};
}

UniqueFd Reopen(const FilePlace& place, const std::string& mount_point) {
  const std::string root_path = mount_point == "/" ? "" : mount_point;
  if (!place.path.starts_with(root_path + "/")) return {};
  const UniqueFd root(::open(mount_point.c_str(), O_PATH | O_CLOEXEC));
  if (!root || MountOf(root.get()) != place.mount_id) return {};
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOATIME | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const std::string below = place.path.substr(root_path.size() + 1);
  UniqueFd file(
      static_cast<int>(::syscall(SYS_openat2, root.get(), below.c_str(), &how, sizeof(how))));
  if (file && VersionOf(file.get()) != place.version) file.Reset();
  return file;
}

bool HasWriter(int file) {
  if (::fcntl(file, F_SETLEASE, F_RDLCK) != 0) return true;
  return ::fcntl(file, F_SETLEASE, F_UNLCK) != 0;
}

std::string PathOf(int file) {
  constexpr std::string_view kDeleted = " (deleted)";
  std::array<char, PATH_MAX> target{};
  const std::string link = fmt::format("/proc/self/fd/{}", file);
  const ssize_t n = ::readlink(link.c_str(), target.data(), target.size());
  std::string path(target.data(), n > 0 ? static_cast<size_t>(n) : 0);
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

bool IsSystemFile(const std::string& path, const FileVersion& version) {
  return version.uid == 0 && (version.mode & (S_IWGRP | S_IWOTH)) == 0 &&
         std::ranges::any_of(kSystemFolders,
                             [&](std::string_view folder) { return path.starts_with(folder); });
}

}  // namespace shoumi::agent::attachments
