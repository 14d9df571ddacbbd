#include "rules/documents/units.h"

#include <algorithm>
#include <array>

namespace shoumi::documents {
namespace {

struct Range {
  char32_t first;
  char32_t last;
  CharacterKind kind;
};

// Unicode 15 blocks; what is in none is between units.
constexpr std::array<Range, 13> kRanges = {{
    {0x00AA, 0x00AA, CharacterKind::kInWord},
    {0x00B5, 0x00B5, CharacterKind::kInWord},
    {0x00C0, 0x00D6, CharacterKind::kInWord},
    {0x00D8, 0x00F6, CharacterKind::kInWord},
    {0x00F8, 0x1FFF, CharacterKind::kInWord},  // alphabets
    {0x2C00, 0x2DFF, CharacterKind::kInWord},
    {0x2E80, 0x2FDF, CharacterKind::kAlone},  // radicals
    {0x3005, 0x3007, CharacterKind::kAlone},
    {0x3041, 0x33FF, CharacterKind::kAlone},
    {0x3400, 0xA4CF, CharacterKind::kAlone},
    {0xA4D0, 0xABFF, CharacterKind::kInWord},
    {0xAC00, 0xD7AF, CharacterKind::kAlone},
    {0xF900, 0xFAFF, CharacterKind::kAlone},
}};

}  // namespace

CharacterKind KindOf(char32_t c) {
  if (c >= 0x4E00 && c <= 0x9FFF) return CharacterKind::kAlone;
  if (c < 0x80) {
    return rules::IsAlnum(static_cast<char>(c)) ? CharacterKind::kInWord : CharacterKind::kBetween;
  }
  if (c >= 0x20000 && c <= 0x3FFFF) return CharacterKind::kAlone;
  const auto* range = std::lower_bound(kRanges.begin(), kRanges.end(), c,
                                       [](const Range& r, char32_t x) { return r.last < x; });
  return range != kRanges.end() && range->first <= c ? range->kind : CharacterKind::kBetween;
}

}  // namespace shoumi::documents
