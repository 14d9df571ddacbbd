#pragma once

#include <cstddef>
#include <string_view>

// Reading valid UTF-8 in both directions, and the classes of characters detectors ask about.
namespace shoumi::rules {

struct CodePoint {
  char32_t value = 0;
  size_t bytes = 0;  // 0: no character there
};
// The character that starts at `at`, or the one that ends at `at`.
CodePoint CharAt(std::string_view text, size_t at);
CodePoint CharBefore(std::string_view text, size_t at);

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool IsAlpha(char c) {
  return IsUpper(c) || IsLower(c);
}
constexpr bool IsAlnum(char c) {
  return IsAlpha(c) || IsDigit(c);
}
constexpr char ToUpper(char c) {
  return IsLower(c) ? static_cast<char>(c - 'a' + 'A') : c;
}
constexpr char ToLower(char c) {
  return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

bool IsHan(char32_t c);
// Space of any width except line ends and TAB, which separates cells.
bool IsSpace(char32_t c);
// Hyphens, dashes and the minus sign.
bool IsDash(char32_t c);

// Start and end of characters at or next to any byte offset.
size_t CharFloor(std::string_view text, size_t at);

}  // namespace shoumi::rules
