#include "agent/cli/sealed_file.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

namespace shoumi::cli {

absl::StatusOr<UniqueFd> SealedFile(const char* name, std::string_view bytes) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return ErrnoStatus(errno, "memfd_create");
  if (auto status = WriteAll(fd.get(), bytes); !status.ok()) return status;
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return ErrnoStatus(errno, "F_ADD_SEALS");
  return fd;
}

}  // namespace shoumi::cli
