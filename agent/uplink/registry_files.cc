#include "agent/uplink/registry_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <utility>

#include "agent/uplink/fetch.h"
#include "common/crypto/crypto.h"
#include "common/fd.h"
#include "fmt/format.h"
#include "rules/registry/registry.h"

namespace shoumi::agent {
namespace {

absl::StatusOr<UniqueFd> OpenChecked(const std::string& path, const v1::Registry& registry) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return ErrnoStatus(errno, path);
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return ErrnoStatus(errno, path);
  const auto digest = crypto::Sha256HexOfFile(fd.get());
  if (!digest.ok()) return digest.status();
  if (static_cast<uint64_t>(about.st_size) != registry.size_bytes() ||
      *digest != registry.sha256()) {
    return absl::DataLossError("its index is not the one that was signed (SHA-256)");
  }
  return fd;
}

}  // namespace

std::string RegistryFiles::PathOf(const v1::Registry& registry) const {
  return fmt::format("{}/{}.index", folder_, registry.sha256());
}

absl::StatusOr<std::vector<inspect::RegistryFile>> RegistryFiles::Open(const Registries& registries,
                                                                       const Fetch& fetch) {
  std::vector<inspect::RegistryFile> files;
  if (registries.empty()) return files;
  if (auto status = MakeFolders(folder_, 0700); !status.ok()) return status;
  uint64_t bytes = 0;
  for (const v1::Registry& registry : registries) {
    bytes += std::min(registry.size_bytes(), inspect::kRegistryBytesMax + 1);
    if (files.size() == registry::kRegistriesMax || bytes > inspect::kRegistryBytesMax) {
      return absl::ResourceExhaustedError(
          fmt::format("more than {} client registries or {} bytes of them",
                      registry::kRegistriesMax, inspect::kRegistryBytesMax));
    }
    auto file = OpenOne(registry, fetch);
    if (!file.ok()) {
      return absl::Status(file.status().code(),
                          fmt::format("client registry '{}': {}", registry.name(),
                                      std::string(file.status().message())));
    }
    files.push_back(*std::move(file));
  }
  return files;
}

absl::StatusOr<inspect::RegistryFile> RegistryFiles::OpenOne(const v1::Registry& registry,
                                                             const Fetch& fetch) {
  if (!IsSha256(registry.sha256())) return absl::InvalidArgumentError("its SHA-256 is bad");
  const std::string path = PathOf(registry);
  auto fd = OpenChecked(path, registry);
  if (!fd.ok()) {
    if (fetch == nullptr) {
      return absl::FailedPreconditionError(absl::IsNotFound(fd.status())
                                               ? "its index is not on this workstation"
                                               : std::string(fd.status().message()));
    }
    const std::string part = path + ".part";
    if (auto status = fetch(registry, part); !status.ok()) return status;
    fd = OpenChecked(part, registry);
    if (!fd.ok()) {
      ::unlink(part.c_str());  // the next fetch starts anew
      return fd.status();
    }
    if (::rename(part.c_str(), path.c_str()) != 0) return ErrnoStatus(errno, path);
  }
  inspect::RegistryFile file;
  file.head.set_name(registry.name());
  file.head.set_key(registry.key());
  *file.head.mutable_columns() = registry.columns();
  file.index = std::make_shared<const UniqueFd>(*std::move(fd));
  return file;
}

void RegistryFiles::KeepOnly(const Registries& registries) const {
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    const bool kept =
        std::any_of(registries.begin(), registries.end(),
                    [&](const v1::Registry& registry) { return it->path() == PathOf(registry); });
    if (!kept) ::unlink(it->path().c_str());
  }
}

}  // namespace shoumi::agent
