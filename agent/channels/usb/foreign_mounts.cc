#include "agent/channels/usb/foreign_mounts.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "common/fd.h"

namespace shoumi::agent::usb {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTableBytesMax = 16 << 20;

ino_t NamespaceOf(const std::string& process) {
  struct stat st {};
  return ::stat(fmt::format("/proc/{}/ns/mnt", process).c_str(), &st) == 0 ? st.st_ino : 0;
}

}  // namespace

std::vector<ForeignMount> ReadForeignMounts(const std::vector<MountEntry>& own) {
  std::vector<ForeignMount> found;
  std::set<ino_t> seen = {0, NamespaceOf("self")};
  std::set<dev_t> devices;
  for (const MountEntry& entry : own) devices.insert(entry.device);
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    const std::string name = process.path().filename();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ptr != name.data() + name.size() || !seen.insert(NamespaceOf(name)).second) continue;
    const auto text = ReadFile(process.path() / "mountinfo", kTableBytesMax);
    if (!text.ok()) continue;
    for (MountEntry& entry : ParseMountTable(*text)) {
      if (devices.insert(entry.device).second) found.push_back({pid, std::move(entry)});
    }
  }
  return found;
}

}  // namespace shoumi::agent::usb
