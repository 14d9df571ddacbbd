#include "agent/channels/usb/node_protection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <utility>

#include "common/fd.h"
#include "common/log.h"

namespace shoumi::agent::usb {
namespace {

constexpr size_t kRecordBytesMax = 1 << 20;

constexpr std::array<std::string_view, 9> kFileSystems = {"ext2",  "ext3",  "ext4", "vfat", "msdos",
                                                          "exfat", "ntfs3", "xfs",  "btrfs"};

bool SetReadOnly(const std::string& node, bool read_only) {
  const UniqueFd fd(::open(node.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const int wanted = read_only ? 1 : 0;
  return fd && ::ioctl(fd.get(), BLKROSET, &wanted) == 0;
}

// From sysfs: opening the node would look like an attempt to those who watch it.
char StateOf(const std::string& node) {
  struct stat st {};
  if (::stat(node.c_str(), &st) != 0 || !S_ISBLK(st.st_mode)) return '?';
  const auto read_only =
      ReadFile(fmt::format("/sys/dev/block/{}:{}/ro", major(st.st_rdev), minor(st.st_rdev)), 16);
  return read_only.ok() && !read_only->empty() ? read_only->front() : '?';
}

bool IsWritable(const std::string& node) {
  return StateOf(node) == '0';
}

}  // namespace

bool IsReadOnlyNode(const std::string& node) {
  return StateOf(node) == '1';
}

void NodeProtection::Inherit(std::string record) {
  record_ = std::move(record);
  const auto lines = ReadFile(record_, kRecordBytesMax);
  if (!lines.ok()) return;  // the first start, or the last one was ended in order
  std::istringstream stream(*lines);
  for (std::string node; std::getline(stream, node);) {
    // A restart of the machine made it writable by itself.
    if (IsReadOnlyNode(node)) inherited_.insert(node);
  }
}

void NodeProtection::Record(const std::set<std::string>& nodes) {
  if (record_.empty() || nodes == recorded_) return;
  std::string lines;
  for (const std::string& node : nodes) lines += node + '\n';
  recorded_ = nodes;
  if (const absl::Status status = ReplaceFile(record_, lines, 0600); !status.ok()) {
    spdlog::warn("{}", std::string(status.message()));
  }
}

NodeProtection::Outcome NodeProtection::Keep(const std::set<std::string>& nodes) {
  Outcome outcome;
  held_.merge(inherited_);
  inherited_.clear();
  // Before anything is protected, or a kill in between would leave a node that nobody gives back.
  std::set<std::string> touched = held_;
  touched.insert(nodes.begin(), nodes.end());
  Record(touched);
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
  Record(held_);
  return outcome;
}

void NodeProtection::Lift(const std::vector<std::string>& nodes) {
  for (const std::string& node : nodes) {
    if (!Protects(node)) continue;
    SetReadOnly(node, false);
    // Not a second time when they are kept again: that would look like somebody else's doing.
    held_.erase(node);
    inherited_.erase(node);
  }
}

bool WritesBesideProtection(const std::string& file_system) {
  return std::find(kFileSystems.begin(), kFileSystems.end(), file_system) != kFileSystems.end();
}

}  // namespace shoumi::agent::usb
