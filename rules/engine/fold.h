#pragma once

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

// Offset in `text`, at or after `from`, of the first character that FoldOf changes; text.size()
// when there is none. `from` is a character boundary. Both give the same result; the first picks
// the fastest that the processor has.
size_t FindFold(std::string_view text, size_t from);
size_t FindFoldPortable(std::string_view text, size_t from);

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
