#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi::agent::usb {

// One line of /proc/PID/mountinfo, proc(5).
struct MountEntry {
  int id = 0;
  int parent = 0;
  dev_t device = 0;  // of the file system, as st_dev shows it
  std::string root;  // the part of the file system that is mounted; "/" as a rule
  std::string mount_point;
  std::string options;  // of the mount: "rw,nosuid"
  std::string file_system;
  std::string source;
  std::string super_options;

  [[nodiscard]] bool HasOption(std::string_view option) const;
  // Of the file system itself, and so of all its mounts.
  [[nodiscard]] bool HasSuperOption(std::string_view option) const;
};

// In the order of the table. Lines that do not parse are left out.
std::vector<MountEntry> ParseMountTable(std::string_view text);
std::vector<MountEntry> ReadMountTable();

// The mount that covers all of `under`, or null.
const MountEntry* MountOnTopOf(const std::vector<MountEntry>& table, const MountEntry& under);

// The first mount of a file system, or null.
const MountEntry* MountOf(const std::vector<MountEntry>& table, dev_t device);

// O_PATH of the mount's root. Fails when something else is mounted over it.
absl::StatusOr<UniqueFd> OpenMount(const MountEntry& entry);
// Takes this one mount away, whatever is going on there. Fails as OpenMount() does.
absl::Status Unmount(const MountEntry& entry);
// Of this one mount, not of its file system. 0 or an errno value; EBUSY: a file is open for writing
// there.
[[nodiscard]] int SetMountReadOnly(int mount, bool read_only);

// Of the file system below `mount`, whose mounts keep what each says of itself. 0 or an errno
// value: EACCES when its device is read-only, others when it cannot become writable while it is
// mounted.
[[nodiscard]] int SetFileSystemWritable(int mount);

inline constexpr std::string_view kGuardFileSystem = "fuse.shoumi";

}  // namespace shoumi::agent::usb
