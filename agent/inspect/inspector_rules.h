#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/fd.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {

// A client registry's index as a file that nobody changes: replaced as a whole, or sealed.
struct RegistryFile {
  v1::RegistryIndex head;
  std::shared_ptr<const UniqueFd> index;  // read-only
};

// What workers inspect with.
struct InspectorRules {
  std::vector<v1::Pack> packs;
  std::vector<RegistryFile> registries;
};

// Of all registries together; the workers share them.
inline constexpr uint64_t kRegistryBytesMax = 512ULL << 20;

}  // namespace shoumi::inspect
