#include "server/policy/bundle.h"

namespace shoumi::server {
namespace {

// The zero byte is part of it.
constexpr std::string_view kDomain("shoumi-policy-bundle-v1\0", 24);

}  // namespace

std::string SignBundle(const crypto::SigningKey& key, const v1::PolicyBundle& bundle) {
  v1::SignedBundle result;
  result.set_bundle(bundle.SerializeAsString());
  result.set_signature(crypto::Sign(key, std::string(kDomain) + result.bundle()));
  result.set_key_id(crypto::Sha256Hex(key.public_key).substr(0, 16));
  return result.SerializeAsString();
}

absl::StatusOr<v1::PolicyBundle> OpenBundle(std::string_view public_key,
                                            std::string_view signed_bundle) {
  v1::SignedBundle outer;
  if (!outer.ParseFromArray(signed_bundle.data(), static_cast<int>(signed_bundle.size()))) {
    return absl::DataLossError("not a signed bundle");
  }
  if (!crypto::Verify(public_key, std::string(kDomain) + outer.bundle(), outer.signature())) {
    return absl::DataLossError("the bundle's signature does not verify");
  }
  v1::PolicyBundle bundle;
  if (!bundle.ParseFromString(outer.bundle())) return absl::DataLossError("not a policy bundle");
  return bundle;
}

}  // namespace shoumi::server
