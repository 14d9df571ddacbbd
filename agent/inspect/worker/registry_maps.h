#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fd.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "rules/registry/registry.h"

namespace shoumi::inspect {

// Indexes of client registries, mapped read-only: workers forked later share them.
class RegistryMaps {
 public:
  RegistryMaps() = default;
  ~RegistryMaps();
  RegistryMaps(const RegistryMaps&) = delete;
  RegistryMaps& operator=(const RegistryMaps&) = delete;

  // One file for each head. The first that is no index that this program can use is the error;
  // then none is open.
  absl::Status Open(const google::protobuf::RepeatedPtrField<v1::RegistryIndex>& heads,
                    const std::vector<UniqueFd>& files);

  [[nodiscard]] const registry::Registries& registries() const { return registries_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }

 private:
  absl::Status OpenOne(const v1::RegistryIndex& head, int file);

  std::vector<std::string_view> maps_;
  registry::Registries registries_;
  uint64_t bytes_ = 0;
};

}  // namespace shoumi::inspect
