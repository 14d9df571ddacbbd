#include "agent/session/link/copied_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace shoumi::session {
namespace {

constexpr std::array<std::string_view, 4> kLists{"text/uri-list", "x-special/gnome-copied-files",
                                                 "x-special/mate-copied-files",
                                                 "application/x-kde4-urilist"};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Empty for what names no file of this machine (RFC 8089).
std::string PathOf(std::string_view uri) {
  constexpr std::string_view kScheme = "file:";
  if (!uri.starts_with(kScheme)) return {};
  uri.remove_prefix(kScheme.size());
  if (uri.starts_with("//")) {
    uri.remove_prefix(2);
    const std::string_view host = uri.substr(0, uri.find('/'));
    if (!host.empty() && host != "localhost") return {};
    uri.remove_prefix(host.size());
  }
  std::string path;
  for (size_t i = 0; i < uri.size(); ++i) {
    char c = uri[i];
    if (c == '%' && i + 2 < uri.size() && HexDigit(uri[i + 1]) >= 0 && HexDigit(uri[i + 2]) >= 0) {
      c = static_cast<char>(HexDigit(uri[i + 1]) * 16 + HexDigit(uri[i + 2]));
      i += 2;
    }
    if (c == '\0') return {};
    path += c;
  }
  return path.starts_with('/') ? path : std::string();
}

// Whoever writes the list chooses the path: opening a device may do something, so nothing is opened
// for reading before it is known to be a file.
UniqueFd OpenRegular(const std::filesystem::path& path, int flags, struct stat* st) {
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC | flags));
  if (!place || ::fstat(place.get(), st) != 0 || !S_ISREG(st->st_mode)) return {};
  const std::string link = "/proc/self/fd/" + std::to_string(place.get());
  return UniqueFd(::open(link.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

class Opening {
 public:
  explicit Opening(const FileLimits& limits) : limits_(limits) {}

  // False when a bound ends it.
  bool Add(const std::filesystem::path& path) {
    struct stat st {};
    UniqueFd fd = OpenRegular(path, 0, &st);
    if (S_ISDIR(st.st_mode)) return AddFolder(path);
    return !fd || AddFile(path.filename().string(), std::move(fd));
  }
  bool End(v1::UnscannedReason reason) {
    files_.push_back({"", UniqueFd(), reason});
    return false;
  }
  std::vector<CopiedFile> Take() { return std::move(files_); }

 private:
  bool AddFile(std::string name, UniqueFd fd) {
    if (files_.size() >= limits_.files_max) return End(v1::UNSCANNED_REASON_TOO_MANY);
    files_.push_back({std::move(name), std::move(fd), v1::UNSCANNED_REASON_UNSPECIFIED});
    return true;
  }
  bool AddFolder(const std::filesystem::path& folder) {
    namespace fs = std::filesystem;
    std::error_code error;
    fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied,
                                        error);
    for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      if (++entries_ > limits_.entries_max) return End(v1::UNSCANNED_REASON_TOO_MANY);
      if (it.depth() >= static_cast<int>(limits_.depth_max)) {
        return End(v1::UNSCANNED_REASON_TOO_DEEP);
      }
      std::error_code ignored;
      if (!it->is_regular_file(ignored) || it->is_symlink(ignored)) continue;
      struct stat st {};
      UniqueFd fd = OpenRegular(it->path(), O_NOFOLLOW, &st);
      if (fd && !AddFile(it->path().filename().string(), std::move(fd))) return false;
    }
    return true;
  }

  const FileLimits& limits_;
  std::vector<CopiedFile> files_;
  uint32_t entries_ = 0;
};

}  // namespace

bool ListsFiles(std::string_view target) {
  return std::ranges::find(kLists, target) != kLists.end();
}

std::vector<CopiedFile> OpenCopiedFiles(std::string_view list, const FileLimits& limits) {
  Opening opening(limits);
  uint32_t uris = 0;
  while (!list.empty()) {
    const size_t end = std::min(list.find_first_of(std::string_view("\r\n\0", 3)), list.size());
    const std::string_view line = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (++uris > limits.uris_max) {
      opening.End(v1::UNSCANNED_REASON_TOO_MANY);
      break;
    }
    const std::string path = PathOf(line);
    if (!path.empty() && !opening.Add(path)) break;
  }
  return opening.Take();
}

}  // namespace shoumi::session
