#include "common/terminal/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoumi {
namespace {

TEST(Terminal, ControlCharactersAndBrokenUtf8AreEscaped) {
  EXPECT_EQ(Printable("客户清单 v2.xlsx"), "客户清单 v2.xlsx");
  EXPECT_EQ(Printable("a\x1b[2J\r\n\x7f"), "a\\x1b[2J\\x0d\\x0a\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");  // CSI of one character
  EXPECT_EQ(Printable("\xe2\x80\xae"
                      "cod"),
            "\\xe2\\x80\\xaecod");  // right-to-left override
  EXPECT_EQ(Printable("\xff\xe4\xb8"), "\\xff\\xe4\\xb8");
  EXPECT_EQ(Printable("\xc0\x8a\xe0\x80\x8a\xed\xa0\x80\xf4\x90\x80\x80"),
            "\\xc0\\x8a\\xe0\\x80\\x8a\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80");
}

TEST(Terminal, Utf8IsToldFromOtherBytes) {
  for (const char* text : {"", "plan.txt", "投标方案.docx", "😀"}) EXPECT_TRUE(IsUtf8(text)) << text;
  for (const char* text : {"\xff", "a\xe4\xb8", "\xc0\x8a", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_FALSE(IsUtf8(text)) << Printable(text);
  }
}

TEST(Terminal, WidthIsInCells) {
  EXPECT_EQ(DisplayWidth(""), 0U);
  EXPECT_EQ(DisplayWidth("plan.txt"), 8U);
  EXPECT_EQ(DisplayWidth("投标方案.docx"), 13U);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1U);  // combining acute accent
  EXPECT_EQ(DisplayWidth("★"), 1U);
}

}  // namespace
}  // namespace shoumi
