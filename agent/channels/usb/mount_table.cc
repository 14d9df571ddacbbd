#include "agent/channels/usb/mount_table.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <sstream>

namespace shoumi::agent::usb {
namespace {

constexpr size_t kTableBytesMax = 16 << 20;

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

bool ListHas(std::string_view list, std::string_view item) {
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    if (list.substr(at, end - at) == item) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

bool MountEntry::HasOption(std::string_view option) const {
  return ListHas(options, option) || HasSuperOption(option);
}

bool MountEntry::HasSuperOption(std::string_view option) const {
  return ListHas(super_options, option);
}

std::vector<MountEntry> ParseMountTable(std::string_view text) {
  std::vector<MountEntry> table;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    MountEntry entry;
    std::string device;
    std::string root;
    std::string mount_point;
    if (!(fields >> entry.id >> entry.parent >> device >> root >> mount_point >> entry.options)) {
      continue;
    }
    unsigned major_number = 0;
    unsigned minor_number = 0;
    if (std::sscanf(device.c_str(), "%u:%u", &major_number, &minor_number) != 2) continue;
    entry.device = makedev(major_number, minor_number);
    std::string optional;
    while (fields >> optional && optional != "-") continue;
    std::string source;
    if (!(fields >> entry.file_system >> source)) continue;
    fields >> entry.super_options;
    entry.root = Unescape(root);
    entry.mount_point = Unescape(mount_point);
    entry.source = Unescape(source);
    table.push_back(std::move(entry));
  }
  return table;
}

std::vector<MountEntry> ReadMountTable() {
  const auto text = ReadFile("/proc/self/mountinfo", kTableBytesMax);
  return text.ok() ? ParseMountTable(*text) : std::vector<MountEntry>{};
}

const MountEntry* MountOnTopOf(const std::vector<MountEntry>& table, const MountEntry& under) {
  for (const MountEntry& entry : table) {
    if (entry.parent == under.id && entry.mount_point == under.mount_point) return &entry;
  }
  return nullptr;
}

const MountEntry* MountOf(const std::vector<MountEntry>& table, dev_t device) {
  const auto it = std::find_if(table.begin(), table.end(), [device](const MountEntry& entry) {
    return entry.device == device;
  });
  return it == table.end() ? nullptr : &*it;
}

absl::StatusOr<UniqueFd> OpenMount(const MountEntry& entry) {
  UniqueFd root(::open(entry.mount_point.c_str(), O_PATH | O_CLOEXEC));
  struct statx is {};
  if (!root || ::statx(root.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &is) != 0) {
    return ErrnoStatus(errno, entry.mount_point);
  }
  if (is.stx_mnt_id != static_cast<uint64_t>(entry.id)) {
    return absl::AbortedError("something else is mounted over " + entry.mount_point);
  }
  return root;
}

absl::Status Unmount(const MountEntry& entry) {
  const absl::StatusOr<UniqueFd> mount = OpenMount(entry);
  if (!mount.ok()) return mount.status();
  // By its descriptor: by then something else may be mounted at its place.
  const std::string self = fmt::format("/proc/self/fd/{}", mount->get());
  if (::umount2(self.c_str(), MNT_DETACH) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, "umount " + entry.mount_point);
}

int SetMountReadOnly(int mount, bool read_only) {
  mount_attr change{};
  (read_only ? change.attr_set : change.attr_clr) = MOUNT_ATTR_RDONLY;
  return ::mount_setattr(mount, "", AT_EMPTY_PATH, &change, sizeof(change)) == 0 ? 0 : errno;
}

int SetFileSystemWritable(int mount) {
  const UniqueFd context(::fspick(mount, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC));
  if (!context || ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "rw", nullptr, 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0) != 0) {
    return errno;
  }
  return 0;
}

}  // namespace shoumi::agent::usb
