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

// As the members of std::string_view, which call memcmp for every word of a list: most differ in
// their first bytes.
constexpr bool StartsWith(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) {
    return false;
  }
  for (size_t i = 0; i < word.size(); ++i) {
    if (text[i] != word[i]) {
      return false;
    }
  }
  return true;
}
constexpr bool EndsWith(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) {
    return false;
  }
  for (size_t i = 1; i <= word.size(); ++i) {
    if (text[text.size() - i] != word[word.size() - i]) {
      return false;
    }
  }
  return true;
}

bool IsHan(char32_t c);
// Space of any width except line ends and TAB, which separates cells.
bool IsSpace(char32_t c);
// Hyphens, dashes and the minus sign.
bool IsDash(char32_t c);

// Characters in valid UTF-8, at least the true number for any other bytes.
size_t CountCharacters(std::string_view text);

// Start and end of characters at or next to any byte offset.
size_t CharFloor(std::string_view text, size_t at);

}  // namespace shoumi::rules
