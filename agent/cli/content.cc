#include "agent/cli/content.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace shoumi::cli {
namespace {

// Standard input may be a pipe; workers read at offsets.
absl::StatusOr<Content> ReadStandardInput() {
  Content content{UniqueFd(::memfd_create("standard input", MFD_CLOEXEC)), false};
  if (!content.fd) return ErrnoStatus(errno, "memfd_create");
  std::string block(256 << 10, '\0');
  uint64_t total = 0;
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "read");
    if (got == 0) return content;
    const auto take = std::min(static_cast<uint64_t>(got), kStandardInputBytesMax - total);
    total += take;
    auto status = WriteAll(content.fd.get(), std::string_view(block).substr(0, take));
    if (!status.ok()) return status;
    if (take < static_cast<uint64_t>(got)) {
      content.cut = true;
      return content;
    }
  }
}

}  // namespace

absl::StatusOr<Content> OpenFile(const ListedFile& file) {
  if (file.path == "-") return ReadStandardInput();
  const int follow = file.in_folder ? O_NOFOLLOW : 0;
  Content content{
      UniqueFd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow)),
      false};
  if (!content.fd) return ErrnoStatus(errno, "open");
  struct stat status {};
  if (::fstat(content.fd.get(), &status) != 0) return ErrnoStatus(errno, "fstat");
  if (!S_ISREG(status.st_mode)) return absl::FailedPreconditionError("not a regular file");
  return content;
}

std::string Why(const absl::Status& status) {
  const std::string text(status.message());
  const size_t colon = text.find(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

}  // namespace shoumi::cli
