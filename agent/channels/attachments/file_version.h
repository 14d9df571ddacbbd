#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "common/fd.h"

namespace shoumi::agent::attachments {

// A file as it was at one moment: content and name are as they were while it compares equal, but
// for writing through a mapping that was there before (see HasWriter()).
struct FileVersion {
  dev_t device = 0;
  uint64_t inode = 0;
  uint64_t bytes = 0;
  int64_t change_s = 0;  // ctime, which programs cannot set
  uint32_t change_ns = 0;
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;

  bool operator==(const FileVersion&) const = default;
};

// As the kernel knows it, without asking whoever serves the file system. Empty when it is no
// regular file.
std::optional<FileVersion> VersionOf(int file);
std::optional<FileVersion> VersionFrom(const struct statx& is);

// A file that was let go: kept open it would keep its file system from being unmounted.
struct FilePlace {
  std::string path;
  uint64_t mount_id = 0;
  FileVersion version;
};
std::optional<FilePlace> PlaceOf(int file);
// Opens it again where it is still there and unchanged. Follows no link and enters no other mount,
// so that nobody can lead the way elsewhere. `mount_point`: of its mount.
UniqueFd Reopen(const FilePlace& place, const std::string& mount_point);

// Whether anybody has the file open for writing, or that cannot be told. `file` is open for reading
// only, on a local file system. SIGIO must be ignored by this process: a lease is taken for an
// instant, and whoever would break it makes the kernel send that.
[[nodiscard]] bool HasWriter(int file);

// The name the kernel gives it, without " (deleted)"; empty when it has none.
std::string PathOf(int file);

// Programs, libraries, fonts and settings of the system, which users cannot write.
[[nodiscard]] bool IsSystemFile(const std::string& path, const FileVersion& version);

}  // namespace shoumi::agent::attachments
