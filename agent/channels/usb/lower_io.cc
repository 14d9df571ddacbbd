#include "agent/channels/usb/lower_io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace shoumi::agent::usb {
namespace {

constexpr uint64_t kChunkBytes = 1 << 20;
// Device writeback starts while the rest is still being copied.
constexpr uint64_t kWritebackBytes = 8 << 20;

int CopyChunk(int from, int to, uint64_t start, uint64_t bytes, std::vector<char>& buffer) {
  buffer.resize(bytes);
  if (const int error = ReadFully(from, buffer.data(), bytes, start)) return error;
  return WriteFully(to, buffer.data(), bytes, start);
}

}  // namespace

std::string ProcPath(int fd) {
  return fmt::format("/proc/self/fd/{}", fd);
}

int ReadFully(int fd, char* buffer, uint64_t bytes, uint64_t offset) {
  while (bytes > 0) {
    const ssize_t n = ::pread(fd, buffer, bytes, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) {
      std::memset(buffer, 0, bytes);
      return 0;
    }
    buffer += n;
    offset += static_cast<uint64_t>(n);
    bytes -= static_cast<uint64_t>(n);
  }
  return 0;
}

int WriteFully(int fd, const char* buffer, uint64_t bytes, uint64_t offset) {
  while (bytes > 0) {
    const ssize_t n = ::pwrite(fd, buffer, bytes, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    buffer += n;
    offset += static_cast<uint64_t>(n);
    bytes -= static_cast<uint64_t>(n);
  }
  return 0;
}

int CopyRange(int from, int to, uint64_t start, uint64_t end) {
  std::vector<char> buffer;
  bool in_kernel =
      end - start > kChunkBytes && ::lseek(to, static_cast<off_t>(start), SEEK_SET) >= 0;
  uint64_t started = start;
  for (uint64_t at = start; at < end;) {
    const uint64_t want = std::min(kChunkBytes, end - at);
    uint64_t done = want;
    if (in_kernel) {
      off_t offset = static_cast<off_t>(at);
      const ssize_t n = ::sendfile(to, from, &offset, want);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        if (n < 0 && errno != EINVAL && errno != ENOSYS) return errno;
        in_kernel = false;
        continue;
      }
      done = static_cast<uint64_t>(n);
    } else if (const int error = CopyChunk(from, to, at, want, buffer)) {
      return error;
    }
    at += done;
    if (at - started >= kWritebackBytes) {
      ::sync_file_range(to, static_cast<off_t>(started), static_cast<off_t>(at - started),
                        SYNC_FILE_RANGE_WRITE);
      started = at;
    }
  }
  return 0;
}

int ZeroRange(int fd, uint64_t start, uint64_t end) {
  if (start >= end) return 0;
  const auto length = static_cast<off_t>(end - start);
  if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(start),
                  length) == 0) {
    return 0;
  }
  if (errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  const std::vector<char> zeros(std::min(kChunkBytes, end - start), 0);
  for (uint64_t at = start; at < end;) {
    const uint64_t bytes = std::min<uint64_t>(zeros.size(), end - at);
    if (const int error = WriteFully(fd, zeros.data(), bytes, at)) return error;
    at += bytes;
  }
  return 0;
}

}  // namespace shoumi::agent::usb
