#include "rules/documents/grams.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "rules/documents/units.h"

namespace shoumi::documents {
namespace {

std::vector<Unit> UnitsOf(std::string_view text, size_t piece = std::string_view::npos) {
  std::vector<Unit> units;
  UnitReader reader;
  const auto add = [&](const Unit& unit) { units.push_back(unit); };
  while (!text.empty()) {
    const size_t size = piece >= text.size() ? text.size() : rules::CharFloor(text, piece);
    reader.Read(text.substr(0, size), add);
    text.remove_prefix(size);
  }
  reader.EndPart(add);
  return units;
}

std::vector<std::string> TextsOf(std::string_view text) {
  std::vector<std::string> texts;
  for (const Unit& unit : UnitsOf(text)) {
    texts.emplace_back(text.substr(unit.from, unit.to - unit.from));
  }
  return texts;
}

std::set<uint64_t> FingerprintsOf(std::string_view text) {
  std::set<uint64_t> found;
  Winnower winnower;
  const auto keep = [&](std::span<const Gram> grams) {
    for (const Gram& gram : grams) found.insert(gram.hash);
  };
  for (const Unit& unit : UnitsOf(text)) winnower.Add(unit, keep);
  winnower.EndPart(keep);
  return found;
}

// So many different Han characters, the same for the same seed.
std::string Han(size_t characters, uint32_t seed) {
  std::mt19937 random(seed);
  std::string text;
  for (size_t i = 0; i < characters; ++i) {
    const uint32_t c = 0x4E00 + random() % 3000;
    text += static_cast<char>(0xE0 | c >> 12);
    text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  }
  return text;
}

TEST(Units, AreWordsAndHanCharacters) {
  EXPECT_EQ(TextsOf("本合同 Contract-2026，甲方：Müller GmbH。"),
            (std::vector<std::string>{"本", "合", "同", "Contract", "2026", "甲", "方", "Müller",
                                      "GmbH"}));
  EXPECT_EQ(TextsOf("ひらがな 한국 Москва"),
            (std::vector<std::string>{"ひ", "ら", "が", "な", "한", "국", "Москва"}));
  EXPECT_TRUE(TextsOf(" \t\n，。…—☆").empty());
}

TEST(Units, LayoutCaseAndCutsAreNothing) {
  const auto hashes = [](std::string_view text, size_t piece) {
    std::vector<uint64_t> all;
    for (const Unit& unit : UnitsOf(text, piece)) all.push_back(unit.hash);
    return all;
  };
  const auto plain = hashes("The quick brown 狐狸 jumps over 12 dogs", 1000);
  EXPECT_EQ(hashes("THE  quick\n\nbrown\t狐 狸, (jumps) over: 12 dogs!", 1000), plain);
  for (size_t piece = 4; piece < 12; ++piece) {
    EXPECT_EQ(hashes("The quick brown 狐狸 jumps over 12 dogs", piece), plain) << piece;
  }
}

TEST(Grams, StandWhereTheyWereRead) {
  const std::string text = "一二三四五六七八九十 eleven";
  const auto grams = GramsOf(text);
  ASSERT_EQ(grams.size(), 2U);
  EXPECT_EQ(grams[0].from, 0U);
  EXPECT_EQ(grams[0].to, 30U);
  EXPECT_EQ(grams[1].from, 3U);
  EXPECT_EQ(grams[1].to, text.size());
}

TEST(Grams, WhatOnlyRepeatsHasNone) {
  std::string zeros;
  for (int i = 0; i < 500; ++i) zeros += "0\t0\t--\t0\n";
  EXPECT_TRUE(GramsOf(zeros).empty());
}

// The promise of winnowing, at every place of a run in the other text.
TEST(Winnower, AnySharedRunOfEnoughUnitsGivesAnEqualFingerprint) {
  const std::string whole = Han(2000, 1);
  const std::set<uint64_t> registered = FingerprintsOf(whole);
  for (size_t start = 0; start + kSharedUnitsFound <= 2000; start += 7) {
    const std::string other = Han(40, 1000 + static_cast<uint32_t>(start)) +
                              whole.substr(3 * start, 3 * kSharedUnitsFound) +
                              Han(40, 5000 + static_cast<uint32_t>(start));
    const std::set<uint64_t> found = FingerprintsOf(other);
    std::vector<uint64_t> both;
    std::set_intersection(found.begin(), found.end(), registered.begin(), registered.end(),
                          std::back_inserter(both));
    EXPECT_FALSE(both.empty()) << start;
  }
}

// Written as the paper says it, a window at a time.
TEST(Winnower, KeepsTheLastSmallestOfEachWindow) {
  for (const size_t units : {10U, 11U, 24U, 25U, 26U, 500U, 1023U, 1024U, 1025U, 2100U, 5000U}) {
    std::string text = Han(units / 2, 7);
    text += "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 ";
    text += Han(units - units / 2, 8);
    std::set<uint64_t> expected;
    const std::vector<Unit> all = UnitsOf(text);
    std::vector<Gram> grams;
    GramReader reader;
    for (size_t i = 0; i < all.size(); ++i) {
      const size_t before = grams.size();
      reader.Add(all[i], [&](const Gram& gram) { grams.push_back(gram); });
      if (i + 1 >= kGramUnits && grams.size() == before) grams.push_back({~uint64_t{0}, 0, 0});
    }
    for (size_t i = 0; i + kWindowGrams <= grams.size(); ++i) {
      const Gram* least = &grams[i];
      for (size_t j = i; j < i + kWindowGrams; ++j) {
        if (grams[j].hash <= least->hash) least = &grams[j];
      }
      if (least->hash != ~uint64_t{0}) expected.insert(least->hash);
    }
    EXPECT_EQ(FingerprintsOf(text), expected) << units;
  }
}

TEST(Winnower, KeepsAboutTwoInSeventeen) {
  const size_t kept = FingerprintsOf(Han(20'000, 2)).size();
  EXPECT_GT(kept, 20'000U * 2 / 17 * 9 / 10);
  EXPECT_LT(kept, 20'000U * 2 / 17 * 11 / 10);
}

TEST(Winnower, AShortPartHasOne) {
  EXPECT_EQ(FingerprintsOf(Han(kGramUnits, 3)).size(), 1U);
  EXPECT_EQ(FingerprintsOf(Han(kGramUnits - 1, 3)).size(), 0U);
}

TEST(Winnower, UnrelatedTextsShareNothing) {
  const auto a = FingerprintsOf(Han(20'000, 4));
  const auto b = FingerprintsOf(Han(20'000, 5));
  std::vector<uint64_t> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  EXPECT_TRUE(both.empty());
}

}  // namespace
}  // namespace shoumi::documents
