#include "rules/registry/block_places.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "rules/engine/text/utf8.h"

namespace shoumi::registry {
namespace {

using rules::IsAlnum;

// Character by character.
uint64_t PlacesByHand(const std::string& text, size_t at, const Starts& starts) {
  uint64_t places = 0;
  for (size_t i = 0; i < kBlockBytes; ++i) {
    const char c = text[at + i];
    bool place = false;
    if (IsAlnum(c) && (at + i == 0 || !IsAlnum(text[at + i - 1]))) {
      size_t size = 1;
      while (i + size < kBlockBytes && IsAlnum(text[at + i + size])) ++size;
      place = rules::IsDigit(c) || (starts.sizes != 0 && i + size == kBlockBytes) ||
              (starts.sizes >> size & 1) != 0;
    } else if ((c & 0xC0) == 0xC0) {
      const rules::CodePoint point = rules::CharAt(text, at + i);
      place = point.bytes != 3 || starts.Has(point.value);
    }
    places |= uint64_t{place} << i;
  }
  return places;
}

std::string Utf8(char32_t c) {
  return {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
          static_cast<char>(0x80 | (c & 0x3F))};
}

// Every character of three bytes, those that start something and those that do not.
TEST(BlockPlaces, KnowEveryCharacterOfThreeBytes) {
  std::mt19937 random(5);
  Starts starts;
  std::vector<bool> added(0x10000);
  for (char32_t c = 0x800; c < 0x10000; ++c) {
    added[c] = random() % 3 == 0;
    if (added[c]) starts.Add(c);
  }
  for (char32_t c = 0x800; c < 0x10000; ++c) {
    EXPECT_EQ(starts.Has(c), added[c]) << std::hex << static_cast<uint32_t>(c);
    std::string text = Utf8(c);
    text.resize(kBlockBytes + kBlockBytesBehind, ' ');
    EXPECT_EQ(PlacesIn(text.data(), false, starts), added[c] ? 1U : 0U)
        << std::hex << static_cast<uint32_t>(c);
  }
}

TEST(BlockPlaces, AreWhatEachCharacterSays) {
  std::mt19937 random(3);
  const std::string kSome[] = {"甲", "乙", "丙", "，", "é",  "𠀀", "a",
                               "Zz", "7",  " ",  "-",  "x1", "\n"};
  Starts starts;
  starts.Add(U'甲');
  starts.Add(0xFFFD);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    while (text.size() < 2 * kBlockBytes + kBlockBytesBehind)
      text += kSome[random() % std::size(kSome)];
    const size_t at = random() % kBlockBytes;
    const bool goes_on = at > 0 && IsAlnum(text[at - 1]);
    starts.sizes = round % 2 == 0 ? 1U << 3 | 1U << 5 : 0;
    EXPECT_EQ(PlacesIn(text.data() + at, goes_on, starts), PlacesByHand(text, at, starts)) << text;
  }
}

}  // namespace
}  // namespace shoumi::registry
