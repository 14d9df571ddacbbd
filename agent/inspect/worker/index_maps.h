#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fd.h"
#include "rules/documents/collection.h"
#include "rules/registry/registry.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {

// Indexes of client registries and of documents, mapped read-only: workers forked later share them.
class IndexMaps {
 public:
  IndexMaps() = default;
  ~IndexMaps();
  IndexMaps(const IndexMaps&) = delete;
  IndexMaps& operator=(const IndexMaps&) = delete;

  // One file for each registry and then for each collection of `config`. The first that is no index
  // that this program can use is the error; then none is open.
  absl::Status Open(const v1::InspectorConfig& config, const std::vector<UniqueFd>& files);

  [[nodiscard]] const registry::Registries& registries() const { return registries_; }
  [[nodiscard]] const documents::Collections& collections() const { return collections_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }

 private:
  absl::Status OpenAll(const v1::InspectorConfig& config, const std::vector<UniqueFd>& files);
  absl::StatusOr<std::string_view> Map(std::string_view name, int file);

  std::vector<std::string_view> maps_;
  registry::Registries registries_;
  documents::Collections collections_;
  uint64_t bytes_ = 0;
};

}  // namespace shoumi::inspect
