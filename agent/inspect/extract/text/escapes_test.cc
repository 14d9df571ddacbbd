#include "agent/inspect/extract/text/escapes.h"

#include <string>

#include "agent/inspect/extract/testing/recording_sink.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

using Language = Unescaper::Language;

std::string Unescaped(std::string_view text, Language language, size_t block) {
  Unescaper unescaper(language);
  std::string out;
  while (!text.empty()) {
    out += unescaper.Take(text.substr(0, block), false);
    text.remove_prefix(std::min(block, text.size()));
  }
  out += unescaper.Take("", true);
  return out;
}

TEST(Unescaper, ReplacesWhatIsSpeltOut) {
  const struct {
    std::string_view text;
    std::string_view plain;
    std::string_view json;
  } kCases[] = {
      {R"(\u673a\u5bc6)", "机密", "机密"},
      {R"({"a":"\u673A\uD83D\uDE00"})", R"({"a":"机😀"})", R"({"a":"机😀"})"},
      {"&#26426;&#x5bc6;&#X5BC6;", "机密密", "机密密"},
      {R"(电话：\n13912345678\t\/\"\\)", R"(电话：\n13912345678\t\/\"\\)",
       "电话：\n13912345678\t/\"\\"},
      {R"(\u{673a}\u{00005bc6}\u{110000}\u{}\u{g})", R"(机密\u{110000}\u{}\u{g})",
       R"(机密\u{110000}\u{}\u{g})"},
      {"&#000000000000000000000000026426;&#x00000000000000000005bc6;", "机密", "机密"},
      // None, or cut.
      {R"(\u67 \u \ \x &# &#; &#x; &#99999999; &amp; a&b)",
       R"(\u67 \u \ \x &# &#; &#x; &#99999999; &amp; a&b)",
       R"(\u67 \u \ \x &# &#; &#x; &#99999999; &amp; a&b)"},
      {"end \\u67", "end \\u67", "end \\u67"},
      {"end &#26", "end &#26", "end &#26"},
      {R"(\ud83d alone \u0000 \u0007)", "\uFFFD alone \\u0000 \\u0007",
       "\uFFFD alone \\u0000 \\u0007"},
  };
  for (const auto& one : kCases) {
    for (size_t block = 1; block <= one.text.size(); ++block) {
      EXPECT_EQ(Unescaped(one.text, Language::kAny, block), one.plain) << one.text << block;
      EXPECT_EQ(Unescaped(one.text, Language::kJson, block), one.json) << one.text << block;
    }
  }
}

TEST(Unescaper, EachLanguageHasItsOwn) {
  const struct {
    Language language;
    std::string_view text;
    std::string_view plain;
  } kCases[] = {
      {Language::kScript, R"('\x31\x33\x9 \u673a\u{5bc6}\'\n139')", "'13\\x9 机密'\n139'"},
      {Language::kScript, "'机\\\n密\\\r\n文\\\r件'", "'机密文件'"},
      {Language::kCss, R"('\673a\5bc6 \00673a密\31 39\q\')", "'机密机密139\\q\\'"},
      {Language::kCss, "'\\673a\r\n\\5bc6\t\\\n文\\110000 '", "'机密文\uFFFD'"},
      {Language::kAny, R"(\x31 \673a \n)", R"(\x31 \673a \n)"},
  };
  for (const auto& [language, text, plain] : kCases) {
    for (size_t block = 1; block <= text.size(); ++block) {
      EXPECT_EQ(Unescaped(text, language, block), plain) << text << block;
    }
  }
}

TEST(Unescaper, JsonIsToldByItsStart) {
  EXPECT_TRUE(LooksLikeJson(" {\n \"a\": 1}"));
  EXPECT_TRUE(LooksLikeJson("[{\"a\":1}]"));
  EXPECT_TRUE(LooksLikeJson("[\"a\"]"));
  EXPECT_TRUE(LooksLikeJson("\xEF\xBB\xBF{\"a\":1}"));
  EXPECT_TRUE(LooksLikeJson("[12, \"a\"]"));
  EXPECT_TRUE(LooksLikeJson("[[-1.5e3 , \"a\"]]"));
  EXPECT_TRUE(LooksLikeJson("[true,\"a\"]"));
  EXPECT_TRUE(LooksLikeJson("[1,2,3,4,5,6,7,8,9,10,11,12"));
  EXPECT_FALSE(LooksLikeJson("[2026-11-26 12:00:00] \"C:\\new\" opened"));
  EXPECT_FALSE(LooksLikeJson("[fan]\nkey = \"C:\\new\""));
  EXPECT_FALSE(LooksLikeJson("[12] \"C:\\new\""));
  EXPECT_FALSE(LooksLikeJson("[section]\nkey = \"C:\\new\""));
  EXPECT_FALSE(LooksLikeJson("plain"));
  EXPECT_FALSE(LooksLikeJson("{"));
}

TEST(Text, EscapesAreReadInText) {
  EXPECT_EQ(ExtractBytes("[{\"name\":\"\\u738b\\u5c0f\\u660e\",\"note\":\"a\\nb\"}]")
                .TextOf("first page"),
            "[{\"name\":\"王小明\",\"note\":\"a\nb\"}]");
  EXPECT_EQ(ExtractBytes("<?xml version=\"1.0\"?><a>&#26426;&#23494;</a>").TextOf("first page"),
            "<?xml version=\"1.0\"?><a>机密</a>");
  std::string wide = "\xFF\xFE";
  for (const char c : std::string_view("{\"a\":\"x\\n139\"}")) wide += {c, '\0'};
  EXPECT_EQ(ExtractBytes(wide).TextOf("first page"), "{\"a\":\"x\n139\"}");
  EXPECT_EQ(ExtractBytes("path=C:\\new\\table").TextOf("first page"), "path=C:\\new\\table");
}

}  // namespace
}  // namespace shoumi::inspect
