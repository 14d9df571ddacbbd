#pragma once

#include <string>
#include <string_view>

namespace shoumi::agent::usb {

// What the first blocks of a device say about the file system there. They are a stranger's: a few
// fixed fields are read, nothing is followed.
struct SuperBlock {
  std::string file_system;  // as the mount table names it; empty: none that is known here
  // Whether it mounts from a read-only device, and can be made writable while it is mounted: not
  // when a journal has to be replayed first, and not by drivers that hold on to what they found.
  bool mounts_sealed = false;
};

inline constexpr size_t kSuperBlockBytes = 4096;  // what ParseSuperBlock looks at

// FAT (Microsoft FAT32 File System Specification 1.03), exFAT (exFAT specification 1.00, 3.1), ext2
// to ext4 (Linux, Documentation/filesystems/ext4/super.rst).
SuperBlock ParseSuperBlock(std::string_view head);
// Whether file systems of this type, as the mount table names it, may be sealed at all.
bool MountsSealed(std::string_view file_system);
// Of a device node. An empty SuperBlock when it cannot be read; waits as long as the device does.
SuperBlock ReadSuperBlock(const std::string& node);

}  // namespace shoumi::agent::usb
