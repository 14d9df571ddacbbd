#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Thin, typed wrappers over OpenSSL 3. Keys and digests are raw bytes in std::string unless a name
// says hex or PEM. All functions are thread-safe. A failing random source or a broken library is a
// broken invariant and ends the process; everything that depends on input returns Status.
namespace shoumi::crypto {

std::string RandomBytes(size_t count);
std::string ToHex(std::string_view bytes);
absl::StatusOr<std::string> FromHex(std::string_view hex);
// URL-safe alphabet without padding (RFC 4648, 5).
std::string ToBase64Url(std::string_view bytes);

std::string Sha256(std::string_view bytes);
std::string Sha256Hex(std::string_view bytes);
// Of a file's content from its start; its offset stays. DeadlineExceeded when `until` comes first.
absl::StatusOr<std::string> Sha256HexOfFile(
    int file,
    std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max());

// Time depends on the lengths only.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

// Overwrites a secret in a way that the compiler keeps.
void Wipe(std::string& secret);

// AES-256-GCM (NIST SP 800-38D). `key` is 32 bytes. Seal's result is nonce (12) + ciphertext + tag
// (16), with a fresh random nonce; one key seals at most 2^32 messages.
std::string Seal(std::string_view key, std::string_view plain, std::string_view associated);
absl::StatusOr<std::string> Open(std::string_view key, std::string_view sealed,
                                 std::string_view associated);

// Ed25519 (RFC 8032): 32-byte seed and public key, 64-byte signature.
struct SigningKey {
  std::string seed;
  std::string public_key;
};
SigningKey NewSigningKey();
absl::StatusOr<SigningKey> SigningKeyFromSeed(std::string_view seed);
std::string Sign(const SigningKey& key, std::string_view message);
bool Verify(std::string_view public_key, std::string_view message, std::string_view signature);

}  // namespace shoumi::crypto
