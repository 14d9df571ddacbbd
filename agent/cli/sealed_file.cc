#include "agent/cli/sealed_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "fmt/format.h"

namespace shoumi::cli {

namespace {

absl::StatusOr<UniqueFd> NewMemory(const char* name) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return ErrnoStatus(errno, "memfd_create");
  return fd;
}

absl::StatusOr<UniqueFd> Seal(UniqueFd fd) {
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return ErrnoStatus(errno, "F_ADD_SEALS");
  return fd;
}

}  // namespace

absl::StatusOr<UniqueFd> SealedFile(const char* name, std::string_view bytes) {
  auto fd = NewMemory(name);
  if (!fd.ok()) return fd.status();
  if (auto status = WriteAll(fd->get(), bytes); !status.ok()) return status;
  return Seal(*std::move(fd));
}

absl::StatusOr<UniqueFd> SealedCopy(const char* name, int file, uint64_t bytes_max) {
  auto fd = NewMemory(name);
  if (!fd.ok()) return fd.status();
  std::string piece(1 << 20, '\0');
  for (uint64_t copied = 0;;) {
    const ssize_t got = ::pread(file, piece.data(), piece.size(), static_cast<off_t>(copied));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "read");
    if (got == 0) break;
    copied += static_cast<uint64_t>(got);
    if (copied > bytes_max) {
      return absl::ResourceExhaustedError(
          fmt::format("the file has more than {} bytes", bytes_max));
    }
    const std::string_view bytes(piece.data(), static_cast<size_t>(got));
    if (auto status = WriteAll(fd->get(), bytes); !status.ok()) return status;
  }
  return Seal(*std::move(fd));
}

}  // namespace shoumi::cli
