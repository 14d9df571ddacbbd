#include "rules/engine/text/normalise.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "rules/engine/text/fold.h"

namespace shoumi::rules {
namespace {

std::string Utf8(char32_t c) {
  std::string text;
  const auto tail = [&](int shift) {
    text += static_cast<char>(0x80U | ((static_cast<uint32_t>(c) >> shift) & 0x3FU));
  };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0U | (c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0U | (c >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | (c >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
  return text;
}

// One character after the other, as fold.h describes it.
std::string Slowly(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Character c = CharacterAt(text, at);
    const Fold fold = FoldOf(c.value);
    out += fold.folded ? std::string(fold.bytes, fold.size) : std::string(text.substr(at, c.size));
    at += c.size;
  }
  return out;
}

// Ordinary text with folding characters strewn in, so that they fall on every edge of a block.
std::string Mixed(uint32_t seed, size_t characters) {
  constexpr char32_t kOrdinary[] = {U'会', U'密', U'，', U'。', U'“',
                                    U'a',  U'7',  U' ',  U'\n', U'é'};
  constexpr char32_t kFolding[] = {U'０',     U'（',     U'：', U'—',
                                   U'\u200B', U'\u00A0', U'級', U'\U0001D7D8'};
  std::mt19937 random(seed);
  std::string text;
  for (size_t i = 0; i < characters; ++i) {
    const uint32_t dice = static_cast<uint32_t>(random());
    text += Utf8(dice % 9 == 0 ? kFolding[dice / 9 % std::size(kFolding)]
                               : kOrdinary[dice / 9 % std::size(kOrdinary)]);
  }
  return text;
}

TEST(Normalise, FoldsWhatHidesANumberOrAMarking) {
  EXPECT_EQ(NormaliseText("１３８—０①"), "138-01");
  EXPECT_EQ(NormaliseText("13\u200B8\u00A00"), "138 0");
  EXPECT_EQ(NormaliseText("（絕密級）：啟"), "(绝密级):启");
  EXPECT_EQ(NormaliseText("٣\U0001D7D8"), "30");
  EXPECT_EQ(NormaliseText("会议，通知；“好”！"), "会议，通知；“好”！");
}

TEST(Normalise, EveryCharacterThatFoldsIsFoundWhereverItStands) {
  std::string all;
  ForEachFolded([](char32_t c, void* text) { *static_cast<std::string*>(text) += Utf8(c) + "会a"; },
                &all);
  ASSERT_GT(all.size(), 1000U);
  for (size_t shift = 0; shift < 70; ++shift) {
    const std::string text = std::string(shift, 'x') + all;
    ASSERT_EQ(NormaliseText(text), Slowly(text)) << shift;
  }
}

TEST(Normalise, BlocksChangeNothing) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const std::string text = Mixed(seed, 3000 + seed * 61);
    ASSERT_EQ(NormaliseText(text), Slowly(text)) << seed;
  }
}

TEST(Normalise, TakesAnyBytes) {
  std::mt19937 random(7);
  std::string bytes(3 * kFoldBlockBytes, '\0');
  for (char& c : bytes) c = static_cast<char>(0x80U | (random() & 0x7FU));
  EXPECT_LE(NormaliseText(bytes).size(), bytes.size());
  EXPECT_EQ(NormaliseText(std::string(2 * kFoldBlockBytes, '\x80')).size(), 2 * kFoldBlockBytes);
}

TEST(Normalise, OffsetsLeadBack) {
  const std::string text = "电话：１３８\u200B0。";
  std::string out(text.size(), '\0');
  OffsetMap map;
  map.Reset(0, 100);
  out.resize(Normalise(text, out.data(), 0, 100, map));
  ASSERT_EQ(out, "电话:1380。");
  const auto at = static_cast<uint32_t>(out.find("1380"));
  EXPECT_EQ(map.Start(at), 100 + text.find("１"));
  EXPECT_EQ(map.End(at + 4), 100 + text.find("。"));
}

TEST(FindFolds, EveryWayFindsTheSame) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const std::string text = Mixed(seed, 1000);
    FoldOffsets fast;
    FoldOffsets portable;
    const size_t expected = FindFoldsPortable(text, 0, 0, portable);
    size_t found = 0;
    const size_t count = FindFolds(text, fast);
    for (size_t i = 0; i < count; ++i) {
      if (!FoldOf(CharacterAt(text, fast[i]).value).folded) continue;
      ASSERT_LT(found, expected);
      ASSERT_EQ(fast[i], portable[found++]) << seed;
    }
    ASSERT_EQ(found, expected) << seed;
  }
}

}  // namespace
}  // namespace shoumi::rules
