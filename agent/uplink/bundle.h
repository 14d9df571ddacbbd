#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::agent {

inline constexpr uint64_t kBundleBytesMax = 32ULL << 20;

struct Bundle {
  v1::PolicyBundle content;
  std::string bytes;   // the serialised SignedBundle, as signed and as kept
  std::string sha256;  // hex, of `bytes`
};

// Checks in this order: digest (where `sha256` is not empty), shape, signature by `public_key`,
// version greater than `version_in_force`. Every refusal is one sentence for the operator.
absl::StatusOr<Bundle> OpenBundle(std::string bytes, std::string_view sha256,
                                  std::string_view public_key, uint64_t version_in_force);

}  // namespace shoumi::agent
