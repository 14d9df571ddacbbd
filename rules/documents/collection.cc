#include "rules/documents/collection.h"

#include <algorithm>

#include "fmt/format.h"

namespace shoumi::documents {

bool IsCollectionName(std::string_view name) {
  return !name.empty() && name.size() <= kCollectionNameBytesMax && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

absl::StatusOr<std::shared_ptr<const Collection>> Collection::Open(const v1::DocumentIndex& head,
                                                                   std::string_view index) {
  if (!IsCollectionName(head.name())) {
    return absl::InvalidArgumentError("a collection of documents without a proper name");
  }
  const auto refuse = [&head](std::string_view why) {
    return absl::InvalidArgumentError(
        fmt::format("collection of documents '{}': {}", head.name(), why));
  };
  Key key;
  if (head.key().size() != key.bytes.size()) return refuse("its key has the wrong size");
  std::copy(head.key().begin(), head.key().end(), key.bytes.begin());
  auto opened = Index::Open(index, key);
  if (!opened.ok()) return refuse(std::string(opened.status().message()));
  if (opened->kind() != head.kind()) return refuse("its index is of the other kind");
  return std::shared_ptr<const Collection>(new Collection(head.name(), head.version(), *opened));
}

}  // namespace shoumi::documents
