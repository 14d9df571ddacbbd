#include "agent/channels/attachments/file_systems.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <sstream>

namespace shoumi::agent::attachments {
namespace {

constexpr size_t kTableBytesMax = 16 << 20;

constexpr std::string_view kLocal[] = {
    "ext2",     "ext3",  "ext4",     "xfs",  "btrfs", "f2fs",    "tmpfs",   "ramfs",
    "vfat",     "msdos", "exfat",    "ntfs", "ntfs3", "overlay", "jfs",     "nilfs2",
    "reiserfs", "zfs",   "bcachefs", "udf",  "hfs",   "hfsplus", "iso9660", "ecryptfs"};
constexpr std::string_view kServed[] = {"fuse", "fuseblk", "nfs",  "nfs4", "cifs",
                                        "smb3", "9p",      "ceph", "afs",  "virtiofs"};

bool IsOctal(char c) {
  return c >= '0' && c <= '7';
}

// Space, tab, newline and backslash are written as \ooo.
std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && IsOctal(text[i + 1]) && IsOctal(text[i + 2]) &&
        IsOctal(text[i + 3])) {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                      (text[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// "user_id=1000" among "rw,user_id=1000,group_id=1000"; -1 when it is not there.
int64_t OptionNumber(std::string_view options, std::string_view name) {
  const size_t at = ("," + std::string(options)).find("," + std::string(name) + "=");
  if (at == std::string::npos) return -1;
  const std::string_view text = options.substr(at + name.size() + 1);
  int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool ParseLine(const std::string& line, FileSystem& system) {
  std::istringstream fields(line);
  int id = 0;
  int parent = 0;
  unsigned major_number = 0;
  unsigned minor_number = 0;
  char colon = 0;
  std::string root;
  std::string mount_point;
  std::string text;
  if (!(fields >> id >> parent >> major_number >> colon >> minor_number >> root >> mount_point >>
        text)) {
    return false;
  }
  while (fields >> text && text != "-") continue;
  std::string source;
  std::string options;
  if (!(fields >> system.type >> source >> options)) return false;
  system.device = makedev(major_number, minor_number);
  system.mount_point = Unescape(mount_point);
  system.mounts.emplace_back(id, system.mount_point);
  system.kind = KindOf(system.type);
  const bool private_mount = system.type.starts_with("fuse") &&
                             ("," + options + ",").find(",allow_other,") == std::string::npos;
  if (private_mount) {
    system.only_user = OptionNumber(options, "user_id");
    system.only_group = OptionNumber(options, "group_id");
  }
  return true;
}

// Layers of containers: their programs are not those of the desktop.
bool IsContainers(const FileSystem& system) {
  return system.type == "overlay" && (system.mount_point.starts_with("/var/lib/docker/") ||
                                      system.mount_point.starts_with("/var/lib/containers/"));
}

}  // namespace

FileSystemKind KindOf(std::string_view type) {
  if (std::ranges::find(kLocal, type) != std::end(kLocal)) return FileSystemKind::kLocal;
  if (type.starts_with("fuse.") || std::ranges::find(kServed, type) != std::end(kServed)) {
    return FileSystemKind::kServed;
  }
  return FileSystemKind::kNone;
}

std::vector<FileSystem> ParseFileSystems(std::string_view mountinfo) {
  std::vector<FileSystem> systems;
  std::map<dev_t, size_t> seen;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    FileSystem system;
    if (!ParseLine(line, system) || system.kind == FileSystemKind::kNone || IsContainers(system)) {
      continue;
    }
    const auto [at, fresh] = seen.emplace(system.device, systems.size());
    if (fresh) {
      systems.push_back(std::move(system));
    } else {
      systems[at->second].mounts.push_back(std::move(system.mounts.front()));
    }
  }
  return systems;
}

std::vector<FileSystem> ReadFileSystems() {
  const auto text = ReadFile("/proc/self/mountinfo", kTableBytesMax);
  return text.ok() ? ParseFileSystems(*text) : std::vector<FileSystem>{};
}

absl::StatusOr<UniqueFd> OpenMount(const FileSystem& system) {
  absl::Status last = absl::NotFoundError("not mounted");
  for (const auto& [id, place] : system.mounts) {
    UniqueFd root(::open(place.c_str(), O_PATH | O_CLOEXEC));
    struct statx is {};
    if (!root ||
        ::statx(root.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &is) != 0) {
      last = ErrnoStatus(errno, place);
    } else if (is.stx_mnt_id == static_cast<uint64_t>(id)) {
      return root;
    } else {
      last = absl::AbortedError("something else is mounted over " + place);
    }
  }
  return last;
}

}  // namespace shoumi::agent::attachments
