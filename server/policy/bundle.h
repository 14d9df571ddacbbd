#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/crypto/crypto.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::server {

// The bytes that are offered to agents: a serialised SignedBundle. The signature is Ed25519 over
// "shoumi-policy-bundle-v1", a zero byte, and the serialised PolicyBundle.
std::string SignBundle(const crypto::SigningKey& key, const v1::PolicyBundle& bundle);

// DataLoss when `signed_bundle` is not one that this key signed.
absl::StatusOr<v1::PolicyBundle> OpenBundle(std::string_view public_key,
                                            std::string_view signed_bundle);

}  // namespace shoumi::server
