#include "agent/inspect/extract/text/escapes.h"

#include <string>

#include "agent/inspect/extract/testing/recording_sink.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

std::string Unescaped(std::string_view text, bool json, size_t block) {
  Unescaper unescaper(json);
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
      EXPECT_EQ(Unescaped(one.text, false, block), one.plain) << one.text << block;
      EXPECT_EQ(Unescaped(one.text, true, block), one.json) << one.text << block;
    }
  }
}

TEST(Unescaper, JsonIsToldByItsStart) {
  EXPECT_TRUE(LooksLikeJson(" {\n \"a\": 1}"));
  EXPECT_TRUE(LooksLikeJson("[{\"a\":1}]"));
  EXPECT_TRUE(LooksLikeJson("[\"a\"]"));
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
  EXPECT_EQ(ExtractBytes("path=C:\\new\\table").TextOf("first page"), "path=C:\\new\\table");
}

}  // namespace
}  // namespace shoumi::inspect
