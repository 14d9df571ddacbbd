#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/fd.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {

// A file that nobody changes: replaced as a whole, or sealed. Read-only.
using IndexFile = std::shared_ptr<const UniqueFd>;

// A client registry's index.
struct RegistryFile {
  v1::RegistryIndex head;
  IndexFile index;
};

// That of a collection of documents.
struct CollectionFile {
  v1::DocumentIndex head;
  IndexFile index;
};

// What workers inspect with.
struct InspectorRules {
  std::vector<v1::Pack> packs;
  std::vector<RegistryFile> registries{};
  std::vector<CollectionFile> collections{};
  std::string value_key{};  // 16 bytes: findings have value_keys; empty: they have not
};

// Of all indexes together; the workers share them.
inline constexpr uint64_t kIndexBytesMax = 512ULL << 20;

}  // namespace shoumi::inspect
