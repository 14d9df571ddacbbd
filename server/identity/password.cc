#include "server/identity/password.h"

#include <argon2.h>

#include <algorithm>

#include "common/crypto/crypto.h"
#include "fmt/format.h"

namespace shoumi::server {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;

size_t Characters(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

absl::Status CheckNewPassword(std::string_view password) {
  if (Characters(password) < kPasswordCharactersMin) {
    return absl::InvalidArgumentError(
        fmt::format("the new password must have at least {} characters", kPasswordCharactersMin));
  }
  if (password.size() > kPasswordBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("the new password must have at most {} bytes", kPasswordBytesMax));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> HashPassword(std::string_view password, const PasswordCost& cost) {
  const std::string salt = crypto::RandomBytes(kSaltBytes);
  std::string encoded(argon2_encodedlen(cost.passes, cost.memory_kib, cost.lanes, kSaltBytes,
                                        kHashBytes, Argon2_id),
                      '\0');
  const int result = argon2id_hash_encoded(cost.passes, cost.memory_kib, cost.lanes,
                                           password.data(), password.size(), salt.data(),
                                           salt.size(), kHashBytes, encoded.data(), encoded.size());
  if (result != ARGON2_OK) {
    return absl::InternalError(fmt::format("argon2id: {}", argon2_error_message(result)));
  }
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool PasswordMatches(std::string_view password, const std::string& encoded) {
  if (password.size() > kPasswordBytesMax) return false;
  return argon2id_verify(encoded.c_str(), password.data(), password.size()) == ARGON2_OK;
}

std::string NewOneTimePassword() {
  constexpr std::string_view kAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";  // 32
  std::string password = crypto::RandomBytes(24);
  for (char& c : password) c = kAlphabet[static_cast<unsigned char>(c) % kAlphabet.size()];
  return password;
}

}  // namespace shoumi::server
