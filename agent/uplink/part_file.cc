#include "agent/uplink/part_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace shoumi::agent {
namespace {

constexpr size_t kCopyBytesAtOnce = 256 << 10;
// What messages may take besides the bytes of the blob: a part of them, and some.
constexpr uint64_t kOverheadPart = 64;
constexpr uint64_t kOverheadBytes = 64 << 10;

}  // namespace

absl::StatusOr<PartFile> PartFile::Open(const std::string& path, uint64_t bytes,
                                        const FetchBase* base) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return ErrnoStatus(errno, path);
  const off_t end = ::lseek(fd.get(), 0, SEEK_END);
  if (end < 0) return ErrnoStatus(errno, path);
  const bool too_long = static_cast<uint64_t>(end) > bytes;
  if (too_long && (::ftruncate(fd.get(), 0) != 0 || ::lseek(fd.get(), 0, SEEK_SET) != 0)) {
    return ErrnoStatus(errno, path);
  }
  PartFile part(std::move(fd), bytes, base);
  part.offset_ = too_long ? 0 : static_cast<uint64_t>(end);
  return part;
}

absl::Status PartFile::Check(const v1::BlobChunk& chunk) const {
  if (chunk.offset() != offset_) {
    return absl::DataLossError("the server sent another place than was asked for");
  }
  const bool copies = chunk.copy_bytes() > 0;
  if (copies != chunk.data().empty()) {
    return absl::DataLossError("the server sent a chunk that is both data and a copy, or neither");
  }
  if ((copies ? chunk.copy_bytes() : chunk.data().size()) > bytes_ - offset_) {
    return absl::DataLossError("the server sent more than it offered");
  }
  if (copies && (base_ == nullptr || chunk.copy_offset() > base_->bytes ||
                 chunk.copy_bytes() > base_->bytes - chunk.copy_offset())) {
    return absl::DataLossError("the server copies from where nothing is");
  }
  // As when each byte comes as a copy of its own: that would be no saving, and take hours.
  if (message_bytes_ > bytes_ + bytes_ / kOverheadPart + kOverheadBytes) {
    return absl::DataLossError("the server needs more messages than the blob is worth");
  }
  return absl::OkStatus();
}

absl::Status PartFile::Take(const v1::BlobChunk& chunk) {
  message_bytes_ += chunk.ByteSizeLong();
  if (auto status = Check(chunk); !status.ok()) return status;
  const uint64_t copied = chunk.copy_bytes();
  absl::Status status =
      copied > 0 ? Copy(chunk.copy_offset(), copied) : WriteAll(fd_.get(), chunk.data());
  if (!status.ok()) {
    broken_ = true;
    if (::ftruncate(fd_.get(), 0) != 0) return status;  // the caller hears of the first error
    return status;
  }
  offset_ += copied > 0 ? copied : chunk.data().size();
  copied_bytes_ += copied;
  return absl::OkStatus();
}

absl::Status PartFile::Copy(uint64_t from, uint64_t bytes) {
  std::string buffer(std::min<uint64_t>(bytes, kCopyBytesAtOnce), '\0');
  while (bytes > 0) {
    const size_t wanted = std::min<uint64_t>(bytes, buffer.size());
    const ssize_t got = ::pread(base_->fd, buffer.data(), wanted, static_cast<off_t>(from));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "the version before");
    if (got == 0) return absl::UnavailableError("the version before has become shorter");
    const auto size = static_cast<size_t>(got);
    if (auto status = WriteAll(fd_.get(), std::string_view(buffer).substr(0, size)); !status.ok()) {
      return status;
    }
    from += size;
    bytes -= size;
  }
  return absl::OkStatus();
}

absl::Status PartFile::Sync() const {
  return ::fsync(fd_.get()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, "fsync of a blob");
}

}  // namespace shoumi::agent
