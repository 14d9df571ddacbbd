#include "agent/cli/file_list.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"

namespace shoumi::cli {
namespace {

std::string Because(const std::string& path, int error) {
  return fmt::format("{}: {}", Printable(path), std::generic_category().message(error));
}

const char* KindOf(mode_t mode) {
  if (S_ISFIFO(mode)) return Say("a pipe, not a file", "是管道，不是文件");
  if (S_ISSOCK(mode)) return Say("a socket, not a file", "是套接字，不是文件");
  if (S_ISCHR(mode) || S_ISBLK(mode)) return Say("a device, not a file", "是设备，不是文件");
  return Say("not a regular file", "不是普通文件");
}

std::string Special(const std::string& path, mode_t mode) {
  return fmt::format("{}: {}", Printable(path), KindOf(mode));
}

// Names in `folder`, sorted; empty with errno set when it cannot be read.
std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), &::closedir);
  if (open == nullptr) return names;
  errno = 0;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int error = errno;
  std::sort(names.begin(), names.end());
  errno = error;
  return names;
}

// Depth first without recursion: folders nest as deep as the file system lets them.
void ListFolder(const std::string& top, FileList& list) {
  std::vector<std::string> pending = {top};
  while (!pending.empty()) {
    const std::string path = std::move(pending.back());
    pending.pop_back();
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
      list.errors.push_back(Because(path, errno));
    } else if (S_ISLNK(status.st_mode) && path != top) {
      ++list.links;
    } else if (S_ISREG(status.st_mode)) {
      list.files.push_back({path, true});
    } else if (!S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode)) {
      list.skipped.push_back(Special(path, status.st_mode));
    } else {
      errno = 0;
      const std::vector<std::string> names = NamesIn(path);
      if (errno != 0) list.errors.push_back(Because(path, errno));
      const std::string prefix = path.ends_with('/') ? path : path + "/";
      for (auto name = names.rbegin(); name != names.rend(); ++name) {
        pending.push_back(prefix + *name);
      }
    }
  }
}

}  // namespace

FileList ListFiles(const std::vector<std::string>& paths) {
  FileList list;
  for (const std::string& path : paths) {
    struct stat status {};
    const bool input = path == "-";
    if (!input && ::stat(path.c_str(), &status) != 0) {
      list.errors.push_back(Because(path, errno));
    } else if (input || S_ISREG(status.st_mode)) {
      list.files.push_back({path, false});
    } else if (S_ISDIR(status.st_mode)) {
      ListFolder(path, list);
    } else {
      list.errors.push_back(Special(path, status.st_mode));
    }
  }
  return list;
}

}  // namespace shoumi::cli
