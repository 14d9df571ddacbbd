#include "agent/uplink/bundle.h"

#include <utility>

#include "common/crypto/crypto.h"
#include "fmt/format.h"

namespace shoumi::agent {
namespace {

// The zero byte at the end is signed too.
constexpr std::string_view kDomain("shoumi-policy-bundle-v1\0", 24);

}  // namespace

absl::StatusOr<Bundle> OpenBundle(std::string bytes, std::string_view sha256,
                                  std::string_view public_key, uint64_t version_in_force) {
  Bundle bundle;
  bundle.sha256 = crypto::Sha256Hex(bytes);
  if (!sha256.empty() && bundle.sha256 != sha256) {
    return absl::DataLossError("the bundle is not the one that was offered (SHA-256 differs)");
  }
  v1::SignedBundle envelope;
  if (!envelope.ParseFromString(bytes)) return absl::DataLossError("not a signed bundle");
  if (!crypto::Verify(public_key, std::string(kDomain) + envelope.bundle(), envelope.signature())) {
    return absl::PermissionDeniedError("the signature is not by the key pinned at enrolment");
  }
  if (!bundle.content.ParseFromString(envelope.bundle()) || !bundle.content.has_policy()) {
    return absl::DataLossError("the signed content is not a policy bundle");
  }
  if (bundle.content.version() <= version_in_force) {
    return absl::FailedPreconditionError(fmt::format("version {} is not newer than {} in force",
                                                     bundle.content.version(), version_in_force));
  }
  bundle.bytes = std::move(bytes);
  return bundle;
}

}  // namespace shoumi::agent
