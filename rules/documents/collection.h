#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/documents/index.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::documents {

inline constexpr size_t kCollectionsMax = 16;
inline constexpr size_t kCollectionNameBytesMax = 64;

// Letters a-z, digits and '-', as names of packs are.
bool IsCollectionName(std::string_view name);

// Registered documents as a detector names them. Immutable, thread-safe.
class Collection {
 public:
  // `index`, 8-aligned, is not copied and outlives the collection. InvalidArgument, with the name,
  // when the head or the index is none that this program can use.
  static absl::StatusOr<std::shared_ptr<const Collection>> Open(const v1::DocumentIndex& head,
                                                                std::string_view index);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] uint64_t version() const { return version_; }
  [[nodiscard]] const Index& index() const { return index_; }

 private:
  Collection(std::string name, uint64_t version, const Index& index)
      : name_(std::move(name)), version_(version), index_(index) {}

  const std::string name_;
  const uint64_t version_;
  const Index index_;
};

using Collections = std::vector<std::shared_ptr<const Collection>>;

}  // namespace shoumi::documents
