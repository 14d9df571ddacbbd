#include <array>

#include "agent/inspect/extract/utf8_blocks.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Validation by table lookup: J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One
// Instruction Per Byte" (2021). Each byte and the one before it are looked up by nibbles; a table
// entry has one bit for each way in which two bytes cannot follow each other, and the product of
// three entries says which of them happened. What a lead of three or four bytes needs further on is
// the one thing two bytes do not tell.
namespace shoumi::inspect {

#if defined(__x86_64__)
namespace {

constexpr size_t kBlockBytes = 32;

// Ways in which a byte cannot follow the one before.
constexpr uint8_t kTooShort = 1U << 0;   // a lead, and no continuation
constexpr uint8_t kTooLong = 1U << 1;    // ASCII, and a continuation
constexpr uint8_t kOverlong3 = 1U << 2;  // E0 80..9F
constexpr uint8_t kTooLarge = 1U << 3;   // F4 90..BF, F5 and above
constexpr uint8_t kSurrogate = 1U << 4;  // ED A0..BF
constexpr uint8_t kOverlong2 = 1U << 5;  // C0, C1
constexpr uint8_t kOverlong4 = 1U << 6;  // F0 80..8F, and F5 and above with 80..8F
constexpr uint8_t kTwoTails = 1U << 7;   // two continuations: right behind a long lead only
constexpr uint8_t kCarry = kTooShort | kTooLong | kTwoTails;

using Table = std::array<uint8_t, 16>;

// By the high and the low nibble of the byte before.
constexpr Table kBeforeHigh = {kTooLong,
                               kTooLong,
                               kTooLong,
                               kTooLong,
                               kTooLong,
                               kTooLong,
                               kTooLong,
                               kTooLong,
                               kTwoTails,
                               kTwoTails,
                               kTwoTails,
                               kTwoTails,
                               kTooShort | kOverlong2,
                               kTooShort,
                               kTooShort | kOverlong3 | kSurrogate,
                               kTooShort | kTooLarge | kOverlong4};
constexpr Table kBeforeLow = {kCarry | kOverlong3 | kOverlong2 | kOverlong4,
                              kCarry | kOverlong2,
                              kCarry,
                              kCarry,
                              kCarry | kTooLarge,
                              kCarry | kTooLarge | kOverlong4,
                              kCarry | kTooLarge | kOverlong4,
                              kCarry | kTooLarge | kOverlong4,
                              kCarry | kTooLarge | kOverlong4,
                              kCarry | kTooLarge | kOverlong4,
                              kCarry | kTooLarge | kOverlong4,
                              kCarry | kTooLarge | kOverlong4,
                              kCarry | kTooLarge | kOverlong4,
                              kCarry | kTooLarge | kOverlong4 | kSurrogate,
                              kCarry | kTooLarge | kOverlong4,
                              kCarry | kTooLarge | kOverlong4};
// By the high nibble of the byte itself.
constexpr uint8_t kTail = kTooLong | kOverlong2 | kTwoTails;
constexpr Table kHigh = {kTooShort,
                         kTooShort,
                         kTooShort,
                         kTooShort,
                         kTooShort,
                         kTooShort,
                         kTooShort,
                         kTooShort,
                         kTail | kOverlong3 | kOverlong4,  // 80..8F
                         kTail | kOverlong3 | kTooLarge,   // 90..9F
                         kTail | kSurrogate | kTooLarge,   // A0..AF
                         kTail | kSurrogate | kTooLarge,   // B0..BF
                         kTooShort,
                         kTooShort,
                         kTooShort,
                         kTooShort};

#define SHOUMI_AVX2 __attribute__((target("avx2")))

SHOUMI_AVX2 inline __m256i LoadTable(const Table& table) {
  return _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

// The last `bytes` bytes of the block before, then this one without as many at its end.
template <int bytes>
SHOUMI_AVX2 inline __m256i Before(__m256i block, __m256i last) {
  return _mm256_alignr_epi8(block, _mm256_permute2x128_si256(last, block, 0x21), 16 - bytes);
}

// Bytes at the end of `blocks` that begin a character which goes on behind them.
size_t CutBytes(std::string_view blocks) {
  for (size_t back = 1; back <= 3 && back <= blocks.size(); ++back) {
    const auto byte = static_cast<uint8_t>(blocks[blocks.size() - back]);
    if (byte < 0x80) return 0;
    if (byte < 0xC0) continue;
    const size_t length = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return length > back ? back : 0;
  }
  return 0;
}

SHOUMI_AVX2 Utf8Blocks ScanAvx2(std::string_view bytes) {
  const __m256i before_high = LoadTable(kBeforeHigh);
  const __m256i before_low = LoadTable(kBeforeLow);
  const __m256i high = LoadTable(kHigh);
  const __m256i nibble = _mm256_set1_epi8(0x0F);
  const auto high_nibble = [&](__m256i x) SHOUMI_AVX2 {
    return _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble);
  };
  bool ascii = true;   // up to the last block
  uint32_t highs = 0;  // of the last block
  __m256i last = _mm256_setzero_si256();
  size_t at = 0;
  for (; at + kBlockBytes <= bytes.size(); at += kBlockBytes) {
    const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes.data() + at));
    const auto block_highs = static_cast<uint32_t>(_mm256_movemask_epi8(block));
    if ((highs | block_highs) == 0) {
      last = block;
      continue;
    }
    const __m256i before = Before<1>(block, last);
    const __m256i ways = _mm256_and_si256(
        _mm256_and_si256(_mm256_shuffle_epi8(before_high, high_nibble(before)),
                         _mm256_shuffle_epi8(before_low, _mm256_and_si256(before, nibble))),
        _mm256_shuffle_epi8(high, high_nibble(block)));
    // Set where the second or third byte before needs a continuation here: the only place where two
    // of them in a row are right, and must be.
    const __m256i third = _mm256_subs_epu8(Before<2>(block, last), _mm256_set1_epi8(0xE0 - 0x80));
    const __m256i fourth = _mm256_subs_epu8(Before<3>(block, last), _mm256_set1_epi8(0xF0 - 0x80));
    const __m256i needed =
        _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(static_cast<char>(0x80)));
    const __m256i wrong = _mm256_xor_si256(needed, ways);
    if (_mm256_testz_si256(wrong, wrong) == 0) break;
    ascii = ascii && highs == 0;
    highs = block_highs;
    last = block;
  }
  const size_t cut = CutBytes(bytes.substr(0, at));
  return {.valid = at - cut, .ascii = ascii && highs << cut == 0};
}

}  // namespace

Utf8Blocks ScanUtf8Blocks(std::string_view bytes) {
  static const bool avx2 = __builtin_cpu_supports("avx2") != 0;
  return avx2 ? ScanAvx2(bytes) : Utf8Blocks();
}

#else

Utf8Blocks ScanUtf8Blocks(std::string_view) {
  return {};
}

#endif

}  // namespace shoumi::inspect
