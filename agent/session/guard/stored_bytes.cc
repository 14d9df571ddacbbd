#include "agent/session/guard/stored_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace shoumi::session {

absl::StatusOr<std::shared_ptr<StoredBytes>> StoredBytes::Make() {
  UniqueFd fd(::memfd_create("shoumi-selection", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return ErrnoStatus(errno, "memfd_create");
  return std::shared_ptr<StoredBytes>(new StoredBytes(std::move(fd)));
}

absl::Status StoredBytes::Append(std::string_view bytes) {
  if (absl::Status status = WriteAll(fd_.get(), bytes); !status.ok()) return status;
  size_ += bytes.size();
  return absl::OkStatus();
}

absl::Status StoredBytes::Seal() {
  constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (::fcntl(fd_.get(), F_ADD_SEALS, kSeals) != 0) return ErrnoStatus(errno, "F_ADD_SEALS");
  return absl::OkStatus();
}

absl::StatusOr<size_t> StoredBytes::Read(uint64_t offset, std::span<char> into) const {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = ::pread(fd_.get(), into.data() + done, into.size() - done,
                              static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "pread");
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

bool StoredBytes::Equals(const StoredBytes& other) const {
  if (size_ != other.size_) return false;
  constexpr size_t kBlockBytes = 64U << 10;
  std::vector<char> mine(kBlockBytes);
  std::vector<char> theirs(kBlockBytes);
  for (uint64_t at = 0; at < size_; at += kBlockBytes) {
    const auto a = Read(at, mine);
    const auto b = other.Read(at, theirs);
    if (!a.ok() || !b.ok() || *a != *b || *a == 0) return false;
    if (std::memcmp(mine.data(), theirs.data(), *a) != 0) return false;
  }
  return true;
}

}  // namespace shoumi::session
