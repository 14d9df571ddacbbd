#include "agent/channels/usb/super_block.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "common/fd.h"

namespace shoumi::agent::usb {
namespace {

constexpr size_t kExtAt = 1024;
constexpr uint32_t kExtMagic = 0xEF53;
constexpr uint32_t kHasJournal = 0x4;         // s_feature_compat
constexpr uint32_t kNeedsRecovery = 0x4;      // s_feature_incompat
constexpr uint32_t kJournalDevice = 0x8;      // s_feature_incompat
constexpr uint32_t kOrphanPresent = 0x10000;  // s_feature_ro_compat
constexpr uint32_t kExtents = 0x40;           // s_feature_incompat

// Little-endian; 0 beyond the end.
uint32_t Number(std::string_view bytes, size_t at, size_t size) {
  if (at + size > bytes.size()) return 0;
  uint32_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

bool IsFat(std::string_view head) {
  if (Number(head, 510, 2) != 0xAA55) return false;
  const uint32_t sector_bytes = Number(head, 11, 2);
  const uint32_t cluster_sectors = Number(head, 13, 1);
  const auto power_of_two = [](uint32_t n) { return n != 0 && (n & (n - 1)) == 0; };
  if (sector_bytes < 512 || sector_bytes > 4096 || !power_of_two(sector_bytes)) return false;
  if (!power_of_two(cluster_sectors) || Number(head, 14, 2) == 0) return false;
  const uint32_t tables = Number(head, 16, 1);
  const uint32_t medium = Number(head, 21, 1);
  // A partition table has its code where FAT has these.
  return (tables == 1 || tables == 2) && (medium == 0xF0 || medium >= 0xF8);
}

SuperBlock Ext(std::string_view head) {
  const std::string_view block = head.substr(kExtAt);
  const uint32_t compat = Number(block, 0x5C, 4);
  const uint32_t incompat = Number(block, 0x60, 4);
  const uint32_t ro_compat = Number(block, 0x64, 4);
  const uint32_t last_orphan = Number(block, 0xE8, 4);
  SuperBlock is;
  is.file_system = (incompat & kExtents) != 0    ? "ext4"
                   : (compat & kHasJournal) != 0 ? "ext3"
                                                 : "ext2";
  // Unfinished deletions are refused when it becomes writable.
  is.mounts_sealed = (incompat & (kNeedsRecovery | kJournalDevice)) == 0 &&
                     (ro_compat & kOrphanPresent) == 0 && last_orphan == 0;
  return is;
}

}  // namespace

SuperBlock ParseSuperBlock(std::string_view head) {
  if (head.size() > kExtAt && Number(head, kExtAt + 0x38, 2) == kExtMagic) return Ext(head);
  if (head.substr(0, 11).ends_with("EXFAT   ")) return {"exfat", true};
  if (IsFat(head)) return {"vfat", true};
  return {};
}

bool MountsSealed(std::string_view file_system) {
  constexpr std::array<std::string_view, 6> kKnown = {"ext2", "ext3",  "ext4",
                                                      "vfat", "msdos", "exfat"};
  return std::find(kKnown.begin(), kKnown.end(), file_system) != kKnown.end();
}

SuperBlock ReadSuperBlock(const std::string& node) {
  const UniqueFd fd(::open(node.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return {};
  std::array<char, kSuperBlockBytes> head;
  size_t got = 0;
  while (got < head.size()) {
    const ssize_t n =
        ::pread(fd.get(), head.data() + got, head.size() - got, static_cast<off_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<size_t>(n);
  }
  return ParseSuperBlock({head.data(), got});
}

}  // namespace shoumi::agent::usb
