#include "agent/channels/usb/node_protection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "common/fd.h"
#include "common/log.h"

namespace shoumi::agent::usb {
namespace {

constexpr std::array<std::string_view, 9> kFileSystems = {"ext2",  "ext3",  "ext4", "vfat", "msdos",
                                                          "exfat", "ntfs3", "xfs",  "btrfs"};

bool SetReadOnly(const std::string& node, bool read_only) {
  const UniqueFd fd(::open(node.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const int wanted = read_only ? 1 : 0;
  return fd && ::ioctl(fd.get(), BLKROSET, &wanted) == 0;
}

// From sysfs: opening the node would look like an attempt to those who watch it.
bool IsWritable(const std::string& node) {
  struct stat st {};
  if (::stat(node.c_str(), &st) != 0 || !S_ISBLK(st.st_mode)) return false;
  const auto read_only =
      ReadFile(fmt::format("/sys/dev/block/{}:{}/ro", major(st.st_rdev), minor(st.st_rdev)), 16);
  return read_only.ok() && read_only->starts_with('0');
}

}  // namespace

NodeProtection::Outcome NodeProtection::Keep(const std::set<std::string>& nodes) {
  Outcome outcome;
  for (auto it = held_.begin(); it != held_.end();) {
    if (nodes.contains(*it)) {
      ++it;
      continue;
    }
    if (!SetReadOnly(*it, false)) spdlog::info("{}: stays read-only or is gone", *it);
    it = held_.erase(it);
  }
  std::erase_if(failed_, [&](const std::string& node) { return !nodes.contains(node); });
  for (const std::string& node : nodes) {
    const bool held = held_.contains(node);
    if (held && !IsWritable(node)) continue;
    if (SetReadOnly(node, true)) {
      if (held) outcome.reopened.push_back(node);
      held_.insert(node);
      failed_.erase(node);
    } else if (failed_.insert(node).second) {
      outcome.failed.push_back(node);
    }
  }
  return outcome;
}

bool WritesBesideProtection(const std::string& file_system) {
  return std::find(kFileSystems.begin(), kFileSystems.end(), file_system) != kFileSystems.end();
}

}  // namespace shoumi::agent::usb
