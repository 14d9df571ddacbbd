#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "absl/numeric/int128.h"

namespace shoumi::registry {

// Of one registry, made at the server. Whoever has it and the index can try guesses.
struct Key {
  std::array<uint8_t, 32> bytes{};
};

// SipHash-2-4 with a key of 128 bits.
using SipKey = std::array<uint8_t, 16>;
[[nodiscard]] uint64_t SipHash(std::string_view bytes, const SipKey& key);

// Two kinds of keyed hashes. Anchors are fast and say where to look; the check is SipHash-2-4
// (Aumasson and Bernstein, 2012) over the whole value and says what it is.
class Hasher {
 public:
  explicit Hasher(const Key& key);

  // Of three symbols in a row.
  [[nodiscard]] uint64_t Gram(char32_t a, char32_t b, char32_t c) const {
    const uint64_t packed = uint64_t{a} | uint64_t{b} << 21 | uint64_t{c} << 42;
    return Mix(Mix(packed ^ first_) ^ second_);
  }
  // Of `size` ASCII letters and digits of any case, at most 64.
  [[nodiscard]] uint64_t Word(const char* word, size_t size) const;
  // Of a row, value by value: `so_far` is that of those before, 0 for the first.
  [[nodiscard]] uint64_t Row(uint64_t so_far, uint8_t column, std::u32string_view symbols) const;
  // Of a value too short to be looked for but near others of its row.
  [[nodiscard]] uint64_t Short(uint32_t row, std::u32string_view symbols) const;
  [[nodiscard]] uint32_t Check(std::u32string_view symbols) const;
  // Tells keys apart and nothing else about them.
  [[nodiscard]] uint64_t KeyCheck() const;

 private:
  static uint64_t Mix(uint64_t value) {
    constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio
    const absl::uint128 product = absl::uint128(value) * kOdd;
    return absl::Uint128Low64(product) ^ absl::Uint128High64(product);
  }

  uint64_t first_;
  uint64_t second_;
  SipKey check_key_{};
};

}  // namespace shoumi::registry
