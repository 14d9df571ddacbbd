#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/inspect/inspector_rules.h"
#include "agent/uplink/part_file.h"
#include "common/fd.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::agent {

// Indexes of client registries and of documents on this workstation: STATE/indexes/SHA256.index.
// Not thread-safe.
class IndexFiles {
 public:
  // An index as the bundle names it.
  struct Named {
    std::string what;    // "client registry 'clients'"
    std::string sha256;  // hex
    uint64_t size_bytes = 0;
  };
  // Fetches the index into `path`, which may hold the start of it; `base`, if there is one, is the
  // version in force.
  using Fetch = std::function<absl::Status(const Named& index, const std::string& path,
                                           const FetchBase* base)>;

  explicit IndexFiles(const std::string& state_dir) : folder_(state_dir + "/indexes") {}

  // What the bundle inspects with, each index with its digest checked. Those that are not here are
  // fetched; FailedPrecondition when `fetch` is null. Errors name the index.
  absl::StatusOr<inspect::InspectorRules> Open(const v1::PolicyBundle& bundle, const Fetch& fetch);
  // Removes the files of all that the bundle does not name. It is in force: what it names is what
  // later versions are made from.
  void KeepOnly(const v1::PolicyBundle& bundle);

 private:
  absl::StatusOr<inspect::IndexFile> OpenOne(const Named& index, const Fetch& fetch);
  [[nodiscard]] std::string PathOf(const std::string& sha256) const;

  absl::StatusOr<UniqueFd> FetchOne(const Named& index, const Fetch& fetch);

  const std::string folder_;
  std::vector<Named> in_force_;
};

}  // namespace shoumi::agent
