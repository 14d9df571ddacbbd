#include "common/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fmt/format.h"

namespace shoumi {

void UniqueFd::Reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

absl::Status ErrnoStatus(int error, std::string_view what) {
  return absl::ErrnoToStatus(error, std::string(what));
}

absl::Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, "write");
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAll(int fd, size_t bytes_max) {
  constexpr size_t kStep = 64 * 1024;
  std::string bytes;
  for (;;) {
    const size_t before = bytes.size();
    bytes.resize(before + kStep);
    const ssize_t got = ::read(fd, bytes.data() + before, kStep);
    if (got < 0) {
      bytes.resize(before);
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, "read");
    }
    bytes.resize(before + static_cast<size_t>(got));
    if (bytes.size() > bytes_max) {
      return absl::ResourceExhaustedError(fmt::format("larger than {} bytes", bytes_max));
    }
    if (got == 0) return bytes;
  }
}

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path, size_t bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, path.string());
  auto bytes = ReadAll(fd.get(), bytes_max);
  if (!bytes.ok()) {
    return absl::Status(bytes.status().code(), fmt::format("{}: {}", path.string(),
                                                           std::string(bytes.status().message())));
  }
  return bytes;
}

absl::Status ReplaceFile(const std::filesystem::path& path, std::string_view bytes, uint32_t mode) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::string temporary = path.string() + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, temporary);
  const auto fail = [&](absl::Status status) {
    ::unlink(temporary.c_str());
    return status;
  };
  if (::fchmod(fd.get(), mode) != 0) return fail(ErrnoStatus(errno, temporary));
  if (auto status = WriteAll(fd.get(), bytes); !status.ok()) return fail(status);
  if (::fsync(fd.get()) != 0) return fail(ErrnoStatus(errno, temporary));
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return fail(ErrnoStatus(errno, path.string()));
  const UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_fd || ::fsync(folder_fd.get()) != 0) return ErrnoStatus(errno, folder.string());
  return absl::OkStatus();
}

absl::Status MakeFolders(const std::filesystem::path& path, uint32_t mode) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) return ErrnoStatus(error.value(), path.parent_path().string());
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return ErrnoStatus(errno, path.string());
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return ErrnoStatus(errno, path.string());
  if (!S_ISDIR(info.st_mode))
    return absl::FailedPreconditionError(path.string() + ": not a folder");
  return absl::OkStatus();
}

}  // namespace shoumi
