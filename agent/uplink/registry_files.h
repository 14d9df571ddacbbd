#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/inspect/inspector_rules.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::agent {

// Indexes of client registries on this workstation: STATE/registries/SHA256.index. Not thread-safe.
class RegistryFiles {
 public:
  using Registries = google::protobuf::RepeatedPtrField<v1::Registry>;
  // Fetches the index into `path`, which may hold the start of it.
  using Fetch = std::function<absl::Status(const v1::Registry& registry, const std::string& path)>;

  explicit RegistryFiles(const std::string& state_dir) : folder_(state_dir + "/registries") {}

  // Each with its digest checked. Those that are not here are fetched; FailedPrecondition when
  // `fetch` is null. Errors name the registry.
  absl::StatusOr<std::vector<inspect::RegistryFile>> Open(const Registries& registries,
                                                          const Fetch& fetch);
  // Removes the files of all others.
  void KeepOnly(const Registries& registries) const;

 private:
  absl::StatusOr<inspect::RegistryFile> OpenOne(const v1::Registry& registry, const Fetch& fetch);
  [[nodiscard]] std::string PathOf(const v1::Registry& registry) const;

  const std::string folder_;
};

}  // namespace shoumi::agent
