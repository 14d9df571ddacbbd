#include "rules/registry/block_places.h"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Most text starts no value. It is passed over without branches on what its characters are, for
// those could not be predicted.
namespace shoumi::registry {
namespace {

#define SHOUMI_INLINE inline __attribute__((always_inline))

// Bit n for byte n of a block.
struct Masks {
  uint64_t three = 0;  // first byte of a character of three bytes
  uint64_t other = 0;  // first byte of one of two or four bytes
  uint64_t word = 0;   // ASCII letter or digit
  uint64_t digit = 0;
};

#if defined(__SSE2__)

SHOUMI_INLINE uint64_t Bits(__m128i bytes) {
  return static_cast<uint16_t>(_mm_movemask_epi8(bytes));
}

// Bytes in [first, first + size).
SHOUMI_INLINE __m128i InRange(__m128i bytes, char first, char size) {
  const __m128i from = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
  return _mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8(static_cast<char>(size - 1))), from);
}

SHOUMI_INLINE Masks MasksOf(const char* block) {
  Masks masks;
  for (unsigned at = 0; at < kBlockBytes; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + at));
    const __m128i three =
        _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8(static_cast<char>(0xF0))),
                       _mm_set1_epi8(static_cast<char>(0xE0)));
    // As signed numbers, bytes that go on with a character are the lowest.
    const __m128i first = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(static_cast<char>(0xBF)));
    const __m128i digit = InRange(bytes, '0', 10);
    const __m128i letter = InRange(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
    masks.three |= Bits(three) << at;
    masks.other |= Bits(_mm_andnot_si128(three, _mm_and_si128(first, bytes))) << at;
    masks.digit |= Bits(digit) << at;
    masks.word |= Bits(_mm_or_si128(digit, letter)) << at;
  }
  return masks;
}

#else

SHOUMI_INLINE Masks MasksOf(const char* block) {
  Masks masks;
  for (size_t at = 0; at < kBlockBytes; ++at) {
    const auto byte = static_cast<unsigned char>(block[at]);
    const uint64_t bit = uint64_t{1} << at;
    const bool digit = byte >= '0' && byte <= '9';
    const bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    if ((byte & 0xF0) == 0xE0) masks.three |= bit;
    if (byte >= 0xC0 && (byte & 0xF0) != 0xE0) masks.other |= bit;
    if (digit) masks.digit |= bit;
    if (digit || letter) masks.word |= bit;
  }
  return masks;
}

#endif

SHOUMI_INLINE uint64_t Find(const char* block, bool goes_on, const Starts& starts) {
  const Masks masks = MasksOf(block);
  uint64_t places = masks.other;
  for (uint64_t left = masks.three; left != 0; left &= left - 1) {
    const auto place = static_cast<size_t>(std::countr_zero(left));
    uint32_t bytes = 0;
    std::memcpy(&bytes, block + place, sizeof bytes);
    const uint64_t row = starts.three[(bytes & 0xF) | (bytes >> 4 & 0x3F0)];
    places |= (row >> (bytes >> 16 & 63) & 1) << place;
  }
  const uint64_t words = masks.word & ~(masks.word << 1 | (goes_on ? 1U : 0U));
  for (uint64_t left = starts.sizes != 0 ? words & ~masks.digit : 0; left != 0; left &= left - 1) {
    const auto place = static_cast<size_t>(std::countr_zero(left));
    const auto size = static_cast<size_t>(std::countr_one(masks.word >> place));
    const uint64_t cut = (place + size) / kBlockBytes;
    places |= ((starts.sizes >> (size & 63) & 1) | cut) << place;
  }
  return places | (words & masks.digit);
}

uint64_t FindPortable(const char* block, bool goes_on, const Starts& starts) {
  return Find(block, goes_on, starts);
}

#if defined(__x86_64__)
// The same with shifts and counts that take one instruction each.
__attribute__((target("bmi,bmi2,lzcnt"))) uint64_t FindBmi2(const char* block, bool goes_on,
                                                            const Starts& starts) {
  return Find(block, goes_on, starts);
}
const auto kFind = __builtin_cpu_supports("bmi2") != 0 ? FindBmi2 : FindPortable;
#else
constexpr auto kFind = FindPortable;
#endif

static_assert(std::endian::native == std::endian::little);

}  // namespace

uint64_t PlacesIn(const char* block, bool goes_on, const Starts& starts) {
  return kFind(block, goes_on, starts);
}

}  // namespace shoumi::registry
