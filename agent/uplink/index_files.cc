#include "agent/uplink/index_files.h"

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
#include "rules/documents/collection.h"
#include "rules/registry/registry.h"

namespace shoumi::agent {
namespace {

absl::StatusOr<UniqueFd> OpenChecked(const std::string& path, const IndexFiles::Named& index) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return ErrnoStatus(errno, path);
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return ErrnoStatus(errno, path);
  const auto digest = crypto::Sha256HexOfFile(fd.get());
  if (!digest.ok()) return digest.status();
  if (static_cast<uint64_t>(about.st_size) != index.size_bytes || *digest != index.sha256) {
    return absl::DataLossError("its index is not the one that was signed (SHA-256)");
  }
  return fd;
}

IndexFiles::Named NameOf(const v1::Registry& registry) {
  return {fmt::format("client registry '{}'", registry.name()), registry.sha256(),
          registry.size_bytes()};
}
IndexFiles::Named NameOf(const v1::DocumentCollection& collection) {
  return {fmt::format("collection of documents '{}'", collection.name()), collection.sha256(),
          collection.size_bytes()};
}

std::vector<IndexFiles::Named> NamedBy(const v1::PolicyBundle& bundle) {
  std::vector<IndexFiles::Named> named;
  for (const v1::Registry& registry : bundle.registries()) named.push_back(NameOf(registry));
  for (const v1::DocumentCollection& collection : bundle.collections()) {
    named.push_back(NameOf(collection));
  }
  return named;
}

absl::Status CheckBounds(const v1::PolicyBundle& bundle) {
  uint64_t bytes = 0;
  for (const IndexFiles::Named& index : NamedBy(bundle)) {
    bytes += std::min(index.size_bytes, inspect::kIndexBytesMax + 1);
  }
  if (static_cast<size_t>(bundle.registries_size()) > registry::kRegistriesMax ||
      static_cast<size_t>(bundle.collections_size()) > documents::kCollectionsMax ||
      bytes > inspect::kIndexBytesMax) {
    return absl::ResourceExhaustedError(
        fmt::format("more than {} client registries, {} collections of documents or {} bytes of "
                    "their indexes",
                    registry::kRegistriesMax, documents::kCollectionsMax, inspect::kIndexBytesMax));
  }
  return absl::OkStatus();
}

}  // namespace

std::string IndexFiles::PathOf(const std::string& sha256) const {
  return fmt::format("{}/{}.index", folder_, sha256);
}

absl::StatusOr<inspect::InspectorRules> IndexFiles::Open(const v1::PolicyBundle& bundle,
                                                         const Fetch& fetch) {
  inspect::InspectorRules rules{{bundle.packs().begin(), bundle.packs().end()}};
  if (bundle.registries().empty() && bundle.collections().empty()) return rules;
  if (auto status = MakeFolders(folder_, 0700); !status.ok()) return status;
  if (auto status = CheckBounds(bundle); !status.ok()) return status;
  for (const v1::Registry& registry : bundle.registries()) {
    auto index = OpenOne(NameOf(registry), fetch);
    if (!index.ok()) return index.status();
    inspect::RegistryFile& file = rules.registries.emplace_back();
    file.head.set_name(registry.name());
    file.head.set_key(registry.key());
    *file.head.mutable_columns() = registry.columns();
    file.index = *std::move(index);
  }
  for (const v1::DocumentCollection& collection : bundle.collections()) {
    auto index = OpenOne(NameOf(collection), fetch);
    if (!index.ok()) return index.status();
    inspect::CollectionFile& file = rules.collections.emplace_back();
    file.head.set_name(collection.name());
    file.head.set_key(collection.key());
    file.head.set_version(collection.version());
    file.head.set_kind(collection.kind());
    file.index = *std::move(index);
  }
  return rules;
}

absl::StatusOr<inspect::IndexFile> IndexFiles::OpenOne(const Named& index, const Fetch& fetch) {
  const auto failed = [&index](const absl::Status& status) {
    return absl::Status(status.code(),
                        fmt::format("{}: {}", index.what, std::string(status.message())));
  };
  if (!IsSha256(index.sha256)) return failed(absl::InvalidArgumentError("its SHA-256 is bad"));
  const std::string path = PathOf(index.sha256);
  auto fd = OpenChecked(path, index);
  if (!fd.ok()) {
    if (fetch == nullptr) {
      return failed(absl::FailedPreconditionError(absl::IsNotFound(fd.status())
                                                      ? "its index is not on this workstation"
                                                      : std::string(fd.status().message())));
    }
    fd = FetchOne(index, fetch);
    if (!fd.ok()) return failed(fd.status());
  }
  return std::make_shared<const UniqueFd>(*std::move(fd));
}

absl::StatusOr<UniqueFd> IndexFiles::FetchOne(const Named& index, const Fetch& fetch) {
  const std::string path = PathOf(index.sha256);
  const std::string part = path + ".part";
  const auto held = std::find_if(in_force_.begin(), in_force_.end(),
                                 [&](const Named& other) { return other.what == index.what; });
  UniqueFd held_fd;
  FetchBase base;
  if (held != in_force_.end()) {
    auto opened = OpenChecked(PathOf(held->sha256), *held);
    if (opened.ok()) held_fd = *std::move(opened);
    base = {held->sha256, held_fd.get(), held->size_bytes};
  }
  if (auto status = fetch(index, part, held_fd ? &base : nullptr); !status.ok()) return status;
  auto fd = OpenChecked(part, index);
  if (!fd.ok()) {
    ::unlink(part.c_str());  // the next fetch starts anew
    return fd.status();
  }
  const UniqueFd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (::rename(part.c_str(), path.c_str()) != 0 || ::fsync(folder.get()) != 0) {
    return ErrnoStatus(errno, path);
  }
  return fd;
}

void IndexFiles::KeepOnly(const v1::PolicyBundle& bundle) {
  in_force_ = NamedBy(bundle);
  const std::vector<Named>& named = in_force_;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    const bool kept = std::any_of(named.begin(), named.end(), [&](const Named& index) {
      return it->path() == PathOf(index.sha256);
    });
    if (!kept) ::unlink(it->path().c_str());
  }
}

}  // namespace shoumi::agent
