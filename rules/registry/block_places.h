#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace shoumi::registry {

inline constexpr size_t kBlockBytes = 64;
inline constexpr size_t kBlockBytesBehind = 3;  // that are read, and mean nothing

// What may start a value.
struct Starts {
  // Characters of three bytes: bit b2 & 63 of word (b1 & 63) << 4 | (b0 & 15).
  std::array<uint64_t, 1024> three{};
  uint64_t sizes = 0;  // bit n: words of n ASCII letters and digits

  void Add(char32_t c) {  // of three bytes
    three[(c >> 6 & 0x3F) << 4 | c >> 12] |= uint64_t{1} << (c & 0x3F);
  }
  [[nodiscard]] bool Has(char32_t c) const {
    return (three[(c >> 6 & 0x3F) << 4 | c >> 12] >> (c & 0x3F) & 1) != 0;
  }
};

// Where in a block of UTF-8 something may start: bit n for byte n. A character of three bytes that
// `starts` has; any of two or four; the first of a word that starts with a digit; where there are
// sizes, the first of one of them, or of a word that reaches the end of the block. `goes_on`: the
// byte before the block is a letter or digit.
uint64_t PlacesIn(const char* block, bool goes_on, const Starts& starts);

}  // namespace shoumi::registry
