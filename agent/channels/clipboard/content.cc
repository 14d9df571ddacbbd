#include "agent/channels/clipboard/content.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <string_view>

#include "common/crypto/crypto.h"

namespace shoumi::agent::clipboard {
namespace {

constexpr int kSealsNeeded = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;

}  // namespace

absl::StatusOr<Content> TakeContent(const UniqueFd& given) {
  struct stat st {};
  if (::fstat(given.get(), &st) != 0) return ErrnoStatus(errno, "content");
  if (!S_ISREG(st.st_mode)) return absl::InvalidArgumentError("content is no regular file");
  Content content;
  content.bytes = static_cast<uint64_t>(st.st_size);
  const int seals = ::fcntl(given.get(), F_GET_SEALS);  // fails on files of disks
  content.sealed = seals >= 0 && (seals & kSealsNeeded) == kSealsNeeded;
  const int mode = ::fcntl(given.get(), F_GETFL) & O_ACCMODE;
  if (!content.sealed && (seals >= 0 || mode != O_RDONLY)) {
    return absl::InvalidArgumentError("content can still be changed by who gave it");
  }
  const std::string path = fmt::format("/proc/self/fd/{}", given.get());
  content.fd.Reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  // A file system that lets only its user in (FUSE): the offset is then shared with the session.
  if (!content.fd) content.fd.Reset(::fcntl(given.get(), F_DUPFD_CLOEXEC, 0));
  if (!content.fd) return ErrnoStatus(errno, "content");
  return content;
}

std::string Fingerprint(const Content& content) {
  struct stat st {};
  if (!content.sealed || content.bytes == 0) {
    if (::fstat(content.fd.get(), &st) != 0) return "?";
    return fmt::format("{}:{}:{}:{}.{}", st.st_dev, content.bytes == 0 ? 0 : st.st_ino, st.st_size,
                       content.bytes == 0 ? 0 : st.st_mtim.tv_sec,
                       content.bytes == 0 ? 0 : st.st_mtim.tv_nsec);
  }
  // Sealed: it cannot shrink under the reading.
  void* const bytes = ::mmap(nullptr, content.bytes, PROT_READ, MAP_PRIVATE, content.fd.get(), 0);
  if (bytes == MAP_FAILED) return "?";
  std::string digest = crypto::Sha256Hex({static_cast<const char*>(bytes), content.bytes});
  ::munmap(bytes, content.bytes);
  return digest;
}

}  // namespace shoumi::agent::clipboard
