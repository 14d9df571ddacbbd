#include "server/identity/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/fd.h"
#include "fmt/format.h"

namespace shoumi::server {
namespace {

constexpr size_t kKeyFileBytesMax = 64 * 1024;

absl::Status CheckPrivate(const struct stat& info, const std::filesystem::path& path) {
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(fmt::format("{} is not a regular file", path.string()));
  }
  if (info.st_uid != geteuid()) {
    return absl::FailedPreconditionError(
        fmt::format("{} belongs to another user (uid {})", path.string(), info.st_uid));
  }
  if ((info.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(
        fmt::format("{} can be read by others (mode {:04o}); run: chmod 600 {}", path.string(),
                    info.st_mode & 07777, path.string()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPrivateFile(const std::filesystem::path& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return ErrnoStatus(errno, path.string());
  return CheckPrivate(info, path);
}

absl::StatusOr<std::string> ReadKeyFile(const std::filesystem::path& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return ErrnoStatus(errno, path.string());
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, path.string());
  if (auto status = CheckPrivate(info, path); !status.ok()) return status;
  return ReadAll(fd.get(), kKeyFileBytesMax);
}

absl::Status WriteKeyFile(const std::filesystem::path& path, std::string_view bytes) {
  return ReplaceFile(path, bytes, 0600);
}

}  // namespace shoumi::server
