#include <array>
#include <bit>
#include <cstring>

#include "rules/engine/text/fold.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// A character that folds is recognised by its first three bytes. Each byte is looked up by its high
// and its low nibble; a table entry has one bit for each of eight groups of characters, and the
// product of the six entries is zero unless some group may hold the character. Two sets of tables
// give sixteen groups, chosen so that the marks and characters of ordinary Chinese and English text
// hit none. What hits is asked of FoldOf.
namespace shoumi::rules {

#if defined(__x86_64__)
namespace {

struct Tables {
  // [set][byte][high, low][nibble]
  alignas(32) std::array<std::array<std::array<std::array<uint8_t, 16>, 2>, 3>, 2> entries{};
};

size_t Encode(char32_t c, std::array<uint8_t, 4>& out) {
  if (c < 0x800) {
    out = {static_cast<uint8_t>(0xC0 | (c >> 6)), static_cast<uint8_t>(0x80 | (c & 0x3F)), 0, 0};
    return 2;
  }
  if (c < 0x10000) {
    out = {static_cast<uint8_t>(0xE0 | (c >> 12)), static_cast<uint8_t>(0x80 | ((c >> 6) & 0x3F)),
           static_cast<uint8_t>(0x80 | (c & 0x3F)), 0};
    return 3;
  }
  out = {static_cast<uint8_t>(0xF0 | (c >> 18)), static_cast<uint8_t>(0x80 | ((c >> 12) & 0x3F)),
         static_cast<uint8_t>(0x80 | ((c >> 6) & 0x3F)), static_cast<uint8_t>(0x80 | (c & 0x3F))};
  return 4;
}

// Groups 0..7 live in the first set, 8..15 in the second.
int GroupOf(char32_t c) {
  if (c >= 0xFF00 && c <= 0xFF0F) return 0;
  if (c >= 0xFF10 && c <= 0xFF3F) return 1;
  if (c >= 0xFE00) return c > 0xFFFF ? 15 : 2;
  if (c >= 0x2000 && c <= 0x200F) return 3;
  if (c >= 0x2010 && c <= 0x201F) return 4;
  if (c >= 0x2020 && c <= 0x203F) return 5;
  if (c >= 0x2040 && c <= 0x27BF) return 6;
  if (c == 0x3000) return 7;
  if (c >= 0x7000 && c <= 0x7FFF) return 8;
  if (c >= 0x9000 && c <= 0x9FFF) return 10;
  if (c == 0x5167) return 11;
  if (c >= 0x5000 && c <= 0x6FFF) return 9;
  if (c < 0x100) return 12;
  if (c < 0x800) return 13;
  return 14;
}

Tables BuildTables() {
  Tables tables;
  ForEachFolded(
      [](char32_t c, void* context) {
        auto& entries = static_cast<Tables*>(context)->entries;
        const int group = GroupOf(c);
        auto& set = entries[static_cast<size_t>(group / 8)];
        const auto bit = static_cast<uint8_t>(1U << (group % 8));
        std::array<uint8_t, 4> bytes{};
        const size_t size = Encode(c, bytes);
        for (size_t i = 0; i < 3; ++i) {
          if (i >= size) {  // whatever follows a two-byte character
            for (size_t nibble = 0; nibble < 16; ++nibble) {
              set[i][0][nibble] |= bit;
              set[i][1][nibble] |= bit;
            }
            continue;
          }
          set[i][0][bytes[i] >> 4] |= bit;
          set[i][1][bytes[i] & 15] |= bit;
        }
      },
      &tables);
  return tables;
}

#define SHOUMI_AVX2 __attribute__((target("avx2")))

SHOUMI_AVX2 inline __m256i Load(const char* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

SHOUMI_AVX2 inline __m256i LoadTable(const std::array<uint8_t, 16>& table) {
  return _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

SHOUMI_AVX2 size_t FindFoldsAvx2(std::string_view text, FoldOffsets& offsets) {
  static const Tables tables = BuildTables();
  __m256i lookup[2][3][2];
  for (size_t set = 0; set < 2; ++set) {
    for (size_t byte = 0; byte < 3; ++byte) {
      lookup[set][byte][0] = LoadTable(tables.entries[set][byte][0]);
      lookup[set][byte][1] = LoadTable(tables.entries[set][byte][1]);
    }
  }
  const __m256i low = _mm256_set1_epi8(0x0F);
  const char* data = text.data();
  size_t count = 0;
  size_t at = 0;
  for (; at + 34 <= text.size(); at += 32) {
    const __m256i bytes0 = Load(data + at);
    if (_mm256_movemask_epi8(bytes0) == 0) continue;
    __m256i product[2] = {_mm256_set1_epi8(-1), _mm256_set1_epi8(-1)};
    const __m256i bytes[3] = {bytes0, Load(data + at + 1), Load(data + at + 2)};
    for (size_t i = 0; i < 3; ++i) {
      const __m256i lo = _mm256_and_si256(bytes[i], low);
      const __m256i hi = _mm256_and_si256(_mm256_srli_epi16(bytes[i], 4), low);
      for (size_t set = 0; set < 2; ++set) {
        product[set] = _mm256_and_si256(product[set], _mm256_shuffle_epi8(lookup[set][i][0], hi));
        product[set] = _mm256_and_si256(product[set], _mm256_shuffle_epi8(lookup[set][i][1], lo));
      }
    }
    const __m256i none =
        _mm256_cmpeq_epi8(_mm256_or_si256(product[0], product[1]), _mm256_setzero_si256());
    auto hits = ~static_cast<uint32_t>(_mm256_movemask_epi8(none));
    for (; hits != 0; hits &= hits - 1) {
      offsets[count++] = static_cast<uint32_t>(at) + static_cast<uint32_t>(std::countr_zero(hits));
    }
  }
  // The last block may have ended inside a character, which it has judged.
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
    ++at;
  }
  return FindFoldsPortable(text, at, count, offsets);
}

}  // namespace

size_t FindFolds(std::string_view text, FoldOffsets& offsets) {
  static const bool avx2 = __builtin_cpu_supports("avx2") != 0;
  return avx2 ? FindFoldsAvx2(text, offsets) : FindFoldsPortable(text, 0, 0, offsets);
}

#else

size_t FindFolds(std::string_view text, FoldOffsets& offsets) {
  return FindFoldsPortable(text, 0, 0, offsets);
}

#endif

}  // namespace shoumi::rules
