#include "rules/engine/text/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace shoumi::rules {
namespace {

constexpr unsigned char Byte(char c) {
  return static_cast<unsigned char>(c);
}
constexpr bool IsContinuation(char c) {
  return (Byte(c) & 0xC0U) == 0x80U;
}

}  // namespace

CodePoint CharAt(std::string_view text, size_t at) {
  if (at >= text.size()) {
    return {};
  }
  const unsigned char lead = Byte(text[at]);
  size_t bytes = 1;
  char32_t value = lead;
  if (lead >= 0xF0U) {
    bytes = 4;
    value = lead & 0x07U;
  } else if (lead >= 0xE0U) {
    bytes = 3;
    value = lead & 0x0FU;
  } else if (lead >= 0xC0U) {
    bytes = 2;
    value = lead & 0x1FU;
  }
  bytes = std::min(bytes, text.size() - at);
  for (size_t i = 1; i < bytes; ++i) {
    value = (value << 6U) | (Byte(text[at + i]) & 0x3FU);
  }
  return {value, bytes};
}

CodePoint CharBefore(std::string_view text, size_t at) {
  if (at == 0 || at > text.size()) {
    return {};
  }
  size_t start = at - 1;
  while (start > 0 && at - start < 4 && IsContinuation(text[start])) {
    --start;
  }
  CodePoint found = CharAt(text.substr(0, at), start);
  found.bytes = at - start;
  return found;
}

bool IsHan(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF) || c == 0x3007;
}

bool IsSpace(char32_t c) {
  return c == ' ' || c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F;
}

bool IsDash(char32_t c) {
  return c == '-' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xFF0D || c == 0xFE63;
}

size_t CountCharacters(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  constexpr uint64_t kOnes = 0x0101010101010101;
  // Bytes inside characters start with the bits 10.
  size_t tails = 0;
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= text.size(); at += sizeof(uint64_t)) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    // Each byte counts one, and the product adds the eight up in the highest.
    tails += static_cast<size_t>((((bytes & (~bytes << 1) & kHighBits) >> 7) * kOnes) >> 56);
  }
  for (; at < text.size(); ++at) {
    tails += static_cast<size_t>((static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U);
  }
  return text.size() - tails;
}

size_t CharFloor(std::string_view text, size_t at) {
  at = std::min(at, text.size());
  while (at > 0 && at < text.size() && IsContinuation(text[at])) {
    --at;
  }
  return at;
}

}  // namespace shoumi::rules
