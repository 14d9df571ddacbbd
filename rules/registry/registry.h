#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/registry/cell.h"
#include "rules/registry/index.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::registry {

inline constexpr size_t kRegistriesMax = 16;
inline constexpr size_t kRegistryNameBytesMax = 64;

struct Column {
  std::string name;
  ColumnType type = ColumnType::kName;
};

// Letters a-z, digits and '-', as names of packs are.
bool IsRegistryName(std::string_view name);

// A client registry as a detector names it. Immutable, thread-safe.
class Registry {
 public:
  // `index`, 8-aligned, is not copied and outlives the registry. InvalidArgument, with the name,
  // when the head or the index is none that this program can use.
  static absl::StatusOr<std::shared_ptr<const Registry>> Open(const v1::RegistryIndex& head,
                                                              std::string_view index);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  [[nodiscard]] const Index& index() const { return index_; }

 private:
  Registry(std::string name, std::vector<Column> columns, const Index& index)
      : name_(std::move(name)), columns_(std::move(columns)), index_(index) {}

  const std::string name_;
  const std::vector<Column> columns_;
  const Index index_;
};

using Registries = std::vector<std::shared_ptr<const Registry>>;

}  // namespace shoumi::registry
