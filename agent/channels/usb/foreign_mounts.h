#pragma once

#include <sys/types.h>

#include <vector>

#include "agent/channels/usb/mount_table.h"

namespace shoumi::agent::usb {

// A mount that another mount namespace has.
struct ForeignMount {
  pid_t pid = 0;  // one that sees it
  MountEntry entry;
};

// The first mount of each file system that other namespaces have and `own`, our table, has not.
// Reads /proc; namespaces that no process is in are not found.
std::vector<ForeignMount> ReadForeignMounts(const std::vector<MountEntry>& own);

}  // namespace shoumi::agent::usb
