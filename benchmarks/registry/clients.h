#pragma once

#include <cstdint>
#include <string>

namespace shoumi::benchmarks {

// A client nobody has: six values, made from its number, the same on every machine.
struct Client {
  std::string name;
  std::string credit_code;
  std::string phone;
  std::string contact;
  std::string address;
  std::string account;
};
inline constexpr uint32_t kClientValues = 6;

Client ClientOf(uint64_t number);

}  // namespace shoumi::benchmarks
