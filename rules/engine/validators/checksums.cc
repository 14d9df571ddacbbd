#include "rules/engine/validators/checksums.h"

#include <array>

#include "rules/engine/text/utf8.h"

namespace shoumi::rules {

bool LuhnHolds(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (auto it = digits.rbegin(); it != digits.rend(); ++it) {
    if (!IsDigit(*it)) {
      return false;
    }
    const int digit = *it - '0';
    const int part = twice ? digit * 2 : digit;
    sum += part > 9 ? part - 9 : part;
    twice = !twice;
  }
  return !digits.empty() && sum % 10 == 0;
}

bool Mod11_2Holds(std::string_view value) {
  if (value.size() != 18) {
    return false;
  }
  int sum = 0;
  for (const char c : value.substr(0, 17)) {
    if (!IsDigit(c)) {
      return false;
    }
    sum = (sum + (c - '0')) * 2 % 11;
  }
  const int check = (12 - sum) % 11;
  return value.back() == (check == 10 ? 'X' : static_cast<char>('0' + check));
}

namespace {

constexpr std::string_view kCreditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";

// -1 for characters outside the alphabet.
constexpr std::array<int, 256> kCreditValues = [] {
  std::array<int, 256> values{};
  values.fill(-1);
  for (size_t i = 0; i < kCreditAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kCreditAlphabet[i])] = static_cast<int>(i);
  }
  return values;
}();

}  // namespace

bool CreditCodeHolds(std::string_view value) {
  if (value.size() != 18) {
    return false;
  }
  int sum = 0;
  int weight = 1;
  for (const char c : value.substr(0, 17)) {
    const int index = kCreditValues[static_cast<unsigned char>(c)];
    if (index < 0) {
      return false;
    }
    sum += index * weight;
    weight = weight * 3 % 31;
  }
  return value.back() == kCreditAlphabet[static_cast<size_t>((31 - sum % 31) % 31)];
}

bool OrgCodeHolds(std::string_view value) {
  constexpr std::array<int, 8> kWeights = {3, 7, 9, 10, 5, 8, 4, 2};
  if (value.size() != 9) {
    return false;
  }
  int sum = 0;
  for (size_t i = 0; i < kWeights.size(); ++i) {
    const char c = value[i];
    if (!IsDigit(c) && !IsUpper(c)) {
      return false;
    }
    sum += (IsDigit(c) ? c - '0' : c - 'A' + 10) * kWeights[i];
  }
  const int check = 11 - sum % 11;
  const char expected = check == 10 ? 'X' : check == 11 ? '0' : static_cast<char>('0' + check);
  return value.back() == expected;
}

bool IbanHolds(std::string_view value) {
  if (value.size() < 5) {
    return false;
  }
  int remainder = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[(i + 4) % value.size()];
    if (IsDigit(c)) {
      remainder = (remainder * 10 + (c - '0')) % 97;
    } else if (IsUpper(c)) {
      remainder = (remainder * 100 + (c - 'A' + 10)) % 97;
    } else {
      return false;
    }
  }
  return remainder == 1;
}

}  // namespace shoumi::rules
