#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace shoumi {

// Owns a file descriptor; -1 owns none. Movable, not thread-safe.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) Reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] int Release() { return std::exchange(fd_, -1); }
  void Reset(int fd = -1);

 private:
  int fd_ = -1;
};

// Status for the errno value `error`, its code the nearest of absl's, its text "what: strerror".
absl::Status ErrnoStatus(int error, std::string_view what);

// Whole-buffer variants: retry on EINTR and short transfers.
absl::Status WriteAll(int fd, std::string_view bytes);
// Reads until the end of file. More than `bytes_max` is ResourceExhausted.
absl::StatusOr<std::string> ReadAll(int fd, size_t bytes_max);
absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path, size_t bytes_max);

// Replaces `path` so that a crash leaves the old or the new content, never a mixture: temporary
// file in the same folder, fsync, rename, fsync of the folder. `mode` as in open(2).
absl::Status ReplaceFile(const std::filesystem::path& path, std::string_view bytes, uint32_t mode);

// mkdir -p with `mode` for the last component; an existing folder keeps its mode.
absl::Status MakeFolders(const std::filesystem::path& path, uint32_t mode);

}  // namespace shoumi
