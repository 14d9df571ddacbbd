#include "agent/channels/usb/open_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "agent/channels/usb/caller.h"
#include "common/fd.h"

namespace shoumi::agent::usb {
namespace {

namespace fs = std::filesystem;

bool OpenedForWriting(const fs::path& info) {
  const auto text = ReadFile(info, 4096);
  if (!text.ok()) return false;
  const size_t at = text->find("flags:");
  if (at == std::string::npos) return false;
  const auto flags = std::strtoul(text->c_str() + at + 6, nullptr, 8);
  return (flags & O_ACCMODE) != O_RDONLY;
}

bool HasOne(const fs::path& process, const std::function<bool(const struct stat&)>& matches) {
  std::error_code error;
  for (const auto& fd : fs::directory_iterator(process / "fd", error)) {
    // The flags first: to look at a file makes the mount it is on busy for a moment.
    struct stat st {};
    if (OpenedForWriting(process / "fdinfo" / fd.path().filename()) &&
        ::stat(fd.path().c_str(), &st) == 0 && matches(st)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<OpenFile> OpenForWriting(const std::function<bool(const struct stat&)>& matches) {
  std::vector<OpenFile> found;
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    const std::string name = process.path().filename();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ptr != name.data() + name.size() || pid == ::getpid()) continue;
    if (HasOne(process.path(), matches)) found.push_back({pid, ProgramOf(pid).executable()});
  }
  return found;
}

}  // namespace shoumi::agent::usb
