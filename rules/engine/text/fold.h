#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace shoumi::rules {

// What one character becomes in normalised text. A fold never makes text longer.
struct Fold {
  bool folded = false;  // false: the character stays
  uint8_t size = 0;     // bytes of `bytes`; 0 removes the character
  char bytes[4] = {0, 0, 0, 0};
};

// By code point. Covers what hides a number or a marking: fullwidth, small, circled, superscript,
// subscript and mathematical forms; digits of other scripts (Unicode general category Nd in the
// Basic Multilingual Plane); spaces and hyphens of every width; zero-width characters,
// bidirectional controls and variation selectors (removed); traditional forms of the characters of
// markings. Chinese numerals, and the fullwidth forms of ',' ';' '!' '?', stay.
Fold FoldOf(char32_t c);

inline constexpr size_t kFoldBlockBytes = 4096;
using FoldOffsets = std::array<uint32_t, kFoldBlockBytes>;

// Fills in, in order, the offsets in `text` (at most kFoldBlockBytes) of all characters that FoldOf
// changes and of a few that it does not, and returns how many. The first picks the fastest way that
// the processor has.
size_t FindFolds(std::string_view text, FoldOffsets& offsets);
size_t FindFoldsPortable(std::string_view text, size_t from, size_t count, FoldOffsets& offsets);

// The character at `at` and its length in bytes. Malformed bytes count as one character each of
// length 1 and value 0xFFFD; never reads past the end.
struct Character {
  char32_t value;
  uint8_t size;
};
Character CharacterAt(std::string_view text, size_t at);

// Calls `visit` for every character that FoldOf changes.
void ForEachFolded(void (*visit)(char32_t c, void* context), void* context);

}  // namespace shoumi::rules
