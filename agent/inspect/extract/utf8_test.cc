#include "agent/inspect/extract/utf8.h"

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

TEST(Utf8, AcceptsEveryLength) {
  const std::string text = "a\u00e9\u4e2d\U0001F600";
  EXPECT_EQ(CheckUtf8(text).valid, text.size());
  EXPECT_FALSE(CheckUtf8(text).ascii);
  EXPECT_TRUE(CheckUtf8(std::string(100, 'a')).ascii);
}

TEST(Utf8, RefusesSurrogatesOverlongAndTooHigh) {
  for (const std::string bad : {"\xED\xA0\x80", "\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80",
                                "\xF4\x90\x80\x80", "\xFF", "\x80"}) {
    EXPECT_EQ(CheckUtf8("ok" + bad + "xxx").valid, 2U);
    EXPECT_FALSE(CheckUtf8("ok" + bad + "xxx").incomplete);
  }
}

TEST(Utf8, TellsACutCharacterFromABadOne) {
  const std::string text = "中";
  for (size_t cut = 1; cut < text.size(); ++cut) {
    const Utf8Prefix prefix = CheckUtf8(std::string_view(text).substr(0, cut));
    EXPECT_EQ(prefix.valid, 0U);
    EXPECT_TRUE(prefix.incomplete);
  }
}

TEST(Utf8, RepairsWithReplacementCharacters) {
  EXPECT_EQ(RepairUtf8("a\xFF中\xE4\xB8z"), "a\uFFFD中\uFFFDz");
  EXPECT_EQ(RepairUtf8("ok"), "ok");
}

TEST(Utf8, AsciiPrefixFindsTheFirstHighByteAnywhere) {
  for (size_t at = 0; at < 100; ++at) {
    std::string text(100, 'x');
    text[at] = '\x80';
    EXPECT_EQ(AsciiPrefix(text), at);
  }
}

TEST(Utf8, HeadNeverCutsACharacter) {
  EXPECT_EQ(Utf8Head("中文", 5), "中");
  EXPECT_EQ(Utf8Head("中文", 6), "中文");
  EXPECT_EQ(Utf8Head("中文", 2), "");
}

// RFC 3629, clause 4, one character at a time.
Utf8Prefix Reference(std::string_view bytes) {
  Utf8Prefix result;
  size_t at = 0;
  const auto in = [&](size_t i, uint8_t low, uint8_t high) {
    return static_cast<uint8_t>(bytes[i]) >= low && static_cast<uint8_t>(bytes[i]) <= high;
  };
  while (at < bytes.size()) {
    const auto lead = static_cast<uint8_t>(bytes[at]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4) break;
    const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    size_t good = 1;
    while (good < length && at + good < bytes.size() &&
           in(at + good, good == 1 ? low : 0x80, good == 1 ? high : 0xBF)) {
      ++good;
    }
    if (good < length) {
      result.incomplete = at + good == bytes.size();
      break;
    }
    result.ascii = result.ascii && length == 1;
    at += length;
  }
  result.valid = at;
  return result;
}

TEST(Utf8, BlocksAgreeWithTheStandardOnAnyBytes) {
  std::mt19937 random(7);
  const std::vector<std::string> pieces = {
      "a", "0123456789abcdef0123456789abcdef", "é", "中", "文件", "𠮷", "\U0010FFFF", "\uFFFD",
      "\n"};
  const std::string leads = "\x80\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xED\xEE\xEF\xF0\xF1\xF4\xF5\xFF";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const size_t size = random() % 200;
    while (text.size() < size) text += pieces[random() % pieces.size()];
    if (round % 2 == 1 && !text.empty()) {
      for (size_t i = random() % 3; i < 3; ++i) {
        text[random() % text.size()] =
            i == 0 ? static_cast<char>(random()) : leads[random() % leads.size()];
      }
    }
    const Utf8Prefix expected = Reference(text);
    const Utf8Prefix found = CheckUtf8(text);
    ASSERT_EQ(found.valid, expected.valid) << round;
    ASSERT_EQ(found.incomplete, expected.incomplete) << round;
    ASSERT_EQ(found.ascii, expected.ascii) << round;
  }
}

// Every pair of bytes, and what the third and fourth must be, where two blocks meet.
TEST(Utf8, BlocksAgreeWhereTheyMeet) {
  for (size_t before = 27; before < 36; ++before) {
    for (int first = 0x7F; first < 0x100; ++first) {
      for (const int second : {0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xE4}) {
        for (const std::string_view rest : {"", "\x80", "\x80\x80", "\x80\x80\x80", "x"}) {
          std::string text(before, 'x');
          text += static_cast<char>(first);
          text += static_cast<char>(second);
          text += rest;
          text.append(40, 'y');
          const Utf8Prefix expected = Reference(text);
          const Utf8Prefix found = CheckUtf8(text);
          ASSERT_EQ(found.valid, expected.valid) << before << ' ' << first << ' ' << second;
          ASSERT_EQ(found.ascii, expected.ascii) << before << ' ' << first << ' ' << second;
        }
      }
    }
  }
}

}  // namespace
}  // namespace shoumi::inspect
