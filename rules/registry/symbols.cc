#include "rules/registry/symbols.h"

#include <algorithm>
#include <iterator>

namespace shoumi::registry {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};
// Unicode 15: punctuation, symbols and separators outside ASCII, by block, with the letters among
// them left out.
constexpr Range kOther[] = {
    {0x80, 0xA9},     {0xAB, 0xB4},     {0xB6, 0xB9},     {0xBB, 0xBF},       {0xD7, 0xD7},
    {0xF7, 0xF7},     {0x2000, 0x203E}, {0x2041, 0x2070}, {0x207A, 0x207E},   {0x208A, 0x208E},
    {0x20A0, 0x20FF}, {0x2190, 0x245F}, {0x2500, 0x2BFF}, {0x2E00, 0x2E7F},   {0x2FF0, 0x3004},
    {0x3008, 0x3020}, {0x3030, 0x3030}, {0x303D, 0x303F}, {0x30A0, 0x30A0},   {0x30FB, 0x30FB},
    {0xD800, 0xF8FF}, {0xFE00, 0xFE6F}, {0xFEFF, 0xFEFF}, {0xFF00, 0xFF0F},   {0xFF1A, 0xFF20},
    {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65}, {0xFFE0, 0xFFFF}, {0xE0000, 0x10FFFF}};

}  // namespace

bool IsRareSymbol(char32_t c) {
  const Range* const after =
      std::upper_bound(std::begin(kOther), std::end(kOther), c,
                       [](char32_t value, const Range& range) { return value < range.first; });
  return after == std::begin(kOther) || c > std::prev(after)->last;
}

}  // namespace shoumi::registry
