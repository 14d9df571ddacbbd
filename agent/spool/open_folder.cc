#include <filesystem>

#include "agent/spool/spool.h"
#include "common/crypto/crypto.h"
#include "common/fd.h"

namespace shoumi::agent {

absl::StatusOr<std::unique_ptr<Spool>> Spool::OpenFolder(const std::string& folder,
                                                         SpoolOptions options) {
  if (auto status = MakeFolders(folder, 0700); !status.ok()) return status;
  const std::filesystem::path key_path = std::filesystem::path(folder) / "key";
  auto key = ReadFile(key_path, 4096);
  if (absl::IsNotFound(key.status())) {
    key = crypto::RandomBytes(32);
    if (auto status = ReplaceFile(key_path, *key, 0600); !status.ok()) return status;
  }
  if (!key.ok()) return key.status();
  auto spool = Open(MakePosixSpoolFiles(folder), *key, options);
  crypto::Wipe(*key);
  return spool;
}

}  // namespace shoumi::agent
