#include "rules/registry/registry.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace shoumi::registry {

bool IsRegistryName(std::string_view name) {
  return !name.empty() && name.size() <= kRegistryNameBytesMax && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

absl::StatusOr<std::shared_ptr<const Registry>> Registry::Open(const v1::RegistryIndex& head,
                                                               std::string_view index) {
  if (!IsRegistryName(head.name())) {
    return absl::InvalidArgumentError("a client registry without a proper name");
  }
  const auto refuse = [&head](std::string_view why) {
    return absl::InvalidArgumentError(fmt::format("client registry '{}': {}", head.name(), why));
  };
  Key key;
  if (head.key().size() != key.bytes.size()) return refuse("its key has the wrong size");
  std::copy(head.key().begin(), head.key().end(), key.bytes.begin());
  std::vector<Column> columns;
  for (const v1::RegistryColumn& column : head.columns()) {
    const auto type = FindColumnType(column.type());
    if (!type) return refuse(fmt::format("the type of column '{}' is not known", column.name()));
    columns.push_back({column.name(), *type});
  }
  if (columns.empty() || columns.size() > kColumnsMax) {
    return refuse(
        fmt::format("it has {} columns, and 1 to {} can be", columns.size(), kColumnsMax));
  }
  auto opened = Index::Open(index, key);
  if (!opened.ok()) return refuse(std::string(opened.status().message()));
  return std::shared_ptr<const Registry>(new Registry(head.name(), std::move(columns), *opened));
}

}  // namespace shoumi::registry
