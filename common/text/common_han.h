#pragma once

#include <cstdint>

namespace shoumi {

// Whether a character is among the most frequent ones of Chinese office text, simplified or
// traditional. Bytes decoded in the wrong encoding give Han characters too, but hardly these.
bool IsCommonHan(uint32_t code);

// Punctuation and letters that surround Han characters: CJK symbols, fullwidth forms, quotes.
bool IsCjkPunctuation(uint32_t code);

}  // namespace shoumi
