#include "agent/inspect/extract/utf8.h"

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

}  // namespace
}  // namespace shoumi::inspect
