#include "agent/inspect/worker/index_maps.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "agent/inspect/inspector_rules.h"
#include "agent/inspect/wire/frame.h"
#include "fmt/format.h"

namespace shoumi::inspect {

static_assert(registry::kRegistriesMax + documents::kCollectionsMax <= kFrameFdsMax);

IndexMaps::~IndexMaps() {
  registries_.clear();
  collections_.clear();
  for (const std::string_view map : maps_) {
    ::munmap(const_cast<char*>(map.data()), map.size());
  }
}

absl::Status IndexMaps::Open(const v1::InspectorConfig& config,
                             const std::vector<UniqueFd>& files) {
  absl::Status status = OpenAll(config, files);
  if (!status.ok()) {
    registries_.clear();
    collections_.clear();
  }
  return status;
}

absl::Status IndexMaps::OpenAll(const v1::InspectorConfig& config,
                                const std::vector<UniqueFd>& files) {
  const int indexes = config.registries_size() + config.collections_size();
  if (static_cast<size_t>(indexes) != files.size()) {
    return absl::InvalidArgumentError(fmt::format(
        "{} client registries and collections of documents with {} files", indexes, files.size()));
  }
  size_t next = 0;
  for (const v1::RegistryIndex& head : config.registries()) {
    const auto bytes = Map(fmt::format("client registry '{}'", head.name()), files[next++].get());
    if (!bytes.ok()) return bytes.status();
    auto registry = registry::Registry::Open(head, *bytes);
    if (!registry.ok()) return registry.status();
    registries_.push_back(*std::move(registry));
  }
  for (const v1::DocumentIndex& head : config.collections()) {
    const auto bytes =
        Map(fmt::format("collection of documents '{}'", head.name()), files[next++].get());
    if (!bytes.ok()) return bytes.status();
    auto collection = documents::Collection::Open(head, *bytes);
    if (!collection.ok()) return collection.status();
    collections_.push_back(*std::move(collection));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string_view> IndexMaps::Map(std::string_view name, int file) {
  struct stat about {};
  if (::fstat(file, &about) != 0) return ErrnoStatus(errno, name);
  const auto size = static_cast<uint64_t>(about.st_size);
  if (!S_ISREG(about.st_mode) || size == 0 || size > kIndexBytesMax - bytes_) {
    return absl::InvalidArgumentError(
        fmt::format("{} has {} bytes; all together may have {}", name, size, kIndexBytesMax));
  }
  void* const map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) return ErrnoStatus(errno, name);
  bytes_ += size;
  maps_.emplace_back(static_cast<const char*>(map), size);
  return maps_.back();
}

}  // namespace shoumi::inspect
