#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi::agent::attachments {

enum class FileSystemKind {
  kNone,    // holds no users' files: tables of the kernel, packed images of the system
  kLocal,   // the kernel's own
  kServed,  // by a program or over a network: whoever opens a file may have to wait
};

struct FileSystem {
  dev_t device = 0;
  std::string mount_point;  // of the first of its mounts
  std::string type;
  FileSystemKind kind = FileSystemKind::kNone;
  // Of a FUSE mount that nobody else may look into, root included; else -1.
  int64_t only_user = -1;
  int64_t only_group = -1;
  std::vector<std::pair<int, std::string>> mounts;  // all of them: id and place
};

FileSystemKind KindOf(std::string_view type);

// Of the text of /proc/PID/mountinfo: each file system that may hold users' files once. Lines that
// do not parse are left out.
std::vector<FileSystem> ParseFileSystems(std::string_view mountinfo);
std::vector<FileSystem> ReadFileSystems();

// O_PATH of the root of one of its mounts. Fails when something else is mounted over all of them.
absl::StatusOr<UniqueFd> OpenMount(const FileSystem& system);

}  // namespace shoumi::agent::attachments
