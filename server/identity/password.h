#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace shoumi::server {

// argon2id (RFC 9106) in its encoded form "$argon2id$v=19$m=…,t=…,p=…$salt$hash". Defaults: OWASP
// Password Storage Cheat Sheet, second recommended configuration.
struct PasswordCost {
  uint32_t memory_kib = 19'456;
  uint32_t passes = 2;
  uint32_t lanes = 1;
};

inline constexpr size_t kPasswordCharactersMin = 12;
inline constexpr size_t kPasswordBytesMax = 256;

// InvalidArgument with what is wrong; never repeats the password.
absl::Status CheckNewPassword(std::string_view password);

absl::StatusOr<std::string> HashPassword(std::string_view password, const PasswordCost& cost);
// False also for an encoded form that is none. Takes as long as `encoded` says.
bool PasswordMatches(std::string_view password, const std::string& encoded);

// 24 characters, 120 bits, without those that are easily mistaken for one another.
std::string NewOneTimePassword();

}  // namespace shoumi::server
