#include "agent/inspect/worker/registry_maps.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "agent/inspect/inspector_rules.h"
#include "agent/inspect/wire/frame.h"
#include "fmt/format.h"

namespace shoumi::inspect {

static_assert(registry::kRegistriesMax <= kFrameFdsMax);

RegistryMaps::~RegistryMaps() {
  registries_.clear();
  for (const std::string_view map : maps_) {
    ::munmap(const_cast<char*>(map.data()), map.size());
  }
}

absl::Status RegistryMaps::Open(const google::protobuf::RepeatedPtrField<v1::RegistryIndex>& heads,
                                const std::vector<UniqueFd>& files) {
  if (static_cast<size_t>(heads.size()) != files.size()) {
    return absl::InvalidArgumentError(
        fmt::format("{} client registries with {} files", heads.size(), files.size()));
  }
  for (int i = 0; i < heads.size(); ++i) {
    if (auto status = OpenOne(heads[i], files[static_cast<size_t>(i)].get()); !status.ok()) {
      registries_.clear();
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status RegistryMaps::OpenOne(const v1::RegistryIndex& head, int file) {
  struct stat about {};
  if (::fstat(file, &about) != 0) return ErrnoStatus(errno, "client registry");
  const auto size = static_cast<uint64_t>(about.st_size);
  if (!S_ISREG(about.st_mode) || size == 0 || size > kRegistryBytesMax - bytes_) {
    return absl::InvalidArgumentError(
        fmt::format("client registry '{}' has {} bytes; all together may have {}", head.name(),
                    size, kRegistryBytesMax));
  }
  void* const map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) return ErrnoStatus(errno, "client registry");
  bytes_ += size;
  maps_.emplace_back(static_cast<const char*>(map), size);
  auto registry = registry::Registry::Open(head, maps_.back());
  if (!registry.ok()) return registry.status();
  registries_.push_back(*std::move(registry));
  return absl::OkStatus();
}

}  // namespace shoumi::inspect
