#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {
namespace {

class FdSource final : public Source {
 public:
  explicit FdSource(int fd) : fd_(fd) {
    struct stat info = {};
    if (::fstat(fd_, &info) == 0 && info.st_size > 0) size_ = static_cast<uint64_t>(info.st_size);
  }

  [[nodiscard]] uint64_t size() override { return size_; }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t got =
          ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (got == 0) break;
      if (got < 0) {
        if (errno == EINTR) continue;
        return absl::ErrnoToStatus(errno, "reading content");
      }
      done += static_cast<size_t>(got);
    }
    return done;
  }

  [[nodiscard]] uint64_t NextData(uint64_t offset) override {
    const off_t found = ::lseek(fd_, static_cast<off_t>(offset), SEEK_DATA);
    if (found >= 0) return static_cast<uint64_t>(found);
    // ENXIO: only a hole up to the end. Anything else: a file system without SEEK_DATA.
    return errno == ENXIO ? std::max(offset, size_) : offset;
  }

 private:
  const int fd_;
  uint64_t size_ = 0;
};

class MemorySource final : public Source {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] uint64_t size() override { return bytes_.size(); }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    if (offset >= bytes_.size()) return size_t{0};
    const size_t count = std::min<size_t>(out.size(), bytes_.size() - offset);
    std::memcpy(out.data(), bytes_.data() + offset, count);
    return count;
  }

 private:
  const std::string_view bytes_;
};

}  // namespace

std::unique_ptr<Source> MakeFdSource(int fd) {
  return std::make_unique<FdSource>(fd);
}

std::unique_ptr<Source> MakeMemorySource(std::string_view bytes) {
  return std::make_unique<MemorySource>(bytes);
}

}  // namespace shoumi::inspect
