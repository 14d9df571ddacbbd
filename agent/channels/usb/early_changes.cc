#include "agent/channels/usb/early_changes.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace shoumi::agent::usb {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

bool NotBefore(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec >= b.tv_nsec;
}

bool Within(const timespec& time, const Period& period) {
  return NotBefore(time, period.from) && NotBefore(period.to, time);
}

}  // namespace

bool FindChanges(int root, const Period& period, size_t entries_max, const std::atomic<bool>& stop,
                 const std::function<void(const std::string& path, UniqueFd content)>& found) {
  size_t entries = 0;
  std::vector<std::string> folders = {""};
  while (!folders.empty()) {
    const std::string folder = std::move(folders.back());
    folders.pop_back();
    const std::string from = folder.empty() ? "." : folder.substr(1);
    const int fd = ::openat(root, from.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const std::unique_ptr<DIR, CloseFolder> open(fd < 0 ? nullptr : ::fdopendir(fd));
    if (!open) continue;
    while (const dirent* const entry = ::readdir(open.get())) {
      const std::string_view name(entry->d_name);
      if (name == "." || name == "..") continue;
      if (stop || ++entries > entries_max) return false;
      struct stat st {};
      if (::fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
      std::string path = folder + "/" + entry->d_name;
      if (Within(st.st_ctim, period) || Within(st.st_mtim, period)) {
        constexpr int kRead = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | O_CLOEXEC;
        found(path, UniqueFd(S_ISREG(st.st_mode) ? ::openat(fd, entry->d_name, kRead) : -1));
      }
      if (S_ISDIR(st.st_mode)) folders.push_back(std::move(path));
    }
  }
  return true;
}

}  // namespace shoumi::agent::usb
