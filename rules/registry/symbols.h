#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What of a text the registry compares: letters, digits and ideographs, ASCII letters in lower
// case. Spaces, punctuation and symbols between them are passed over.
namespace shoumi::registry {

inline constexpr size_t kGapCharsMax = 3;  // between two symbols of one value

bool IsRareSymbol(char32_t c);

// Of a letter or digit in normalised text; false for what parts them.
inline bool IsSymbol(char32_t c) {
  if (c >= 0x4E00 && c <= 0x9FFF) return true;
  return c < 0x80 ? (c >= '0' && c <= '9') || ((c | 0x20U) >= 'a' && (c | 0x20U) <= 'z')
                  : IsRareSymbol(c);
}

// ASCII letters in lower case, anything else as it is.
constexpr char32_t Lower(char32_t c) {
  return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

}  // namespace shoumi::registry
