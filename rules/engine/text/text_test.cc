#include <gtest/gtest.h>

#include "rules/engine/text/dates.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

TEST(Utf8, ReadsBothWays) {
  const std::string_view text = "a密★";
  EXPECT_EQ(CharAt(text, 1).value, U'密');
  EXPECT_EQ(CharAt(text, 1).bytes, 3U);
  EXPECT_EQ(CharBefore(text, text.size()).value, U'★');
  EXPECT_EQ(CharBefore(text, 1).value, U'a');
  EXPECT_EQ(CharBefore(text, 0).bytes, 0U);
  EXPECT_EQ(CharAt(text, text.size()).bytes, 0U);
  EXPECT_EQ(CharFloor(text, 3), 1U);
}

TEST(Utf8, Classes) {
  EXPECT_TRUE(IsHan(U'机'));
  EXPECT_FALSE(IsHan(U'★'));
  EXPECT_TRUE(IsSpace(U'\u3000'));
  EXPECT_FALSE(IsSpace(U'\t'));
  EXPECT_TRUE(IsDash(U'—'));
}

TEST(Utf8, Affixes) {
  EXPECT_TRUE(StartsWith("机密级", "机密"));
  EXPECT_FALSE(StartsWith("机", "机密"));
  EXPECT_FALSE(StartsWith("秘密", "机密"));
  EXPECT_TRUE(EndsWith("机密级", "级"));
  EXPECT_FALSE(EndsWith("级", "密级"));
  EXPECT_TRUE(EndsWith("级", ""));
}

TEST(Dates, Compact) {
  EXPECT_EQ(ParseCompactDate("20260531"), (Date{2026, 5, 31}));
  EXPECT_EQ(ParseCompactDate("20260231"), std::nullopt);
  EXPECT_EQ(ParseCompactDate("2026053"), std::nullopt);
  EXPECT_EQ(ParseCompactDate("2026 531"), std::nullopt);
}

TEST(Dates, RealDaysOnly) {
  EXPECT_TRUE(IsReal({2000, 2, 29}));
  EXPECT_FALSE(IsReal({1900, 2, 29}));
  EXPECT_FALSE(IsReal({2023, 4, 31}));
  EXPECT_FALSE(IsReal({2023, 13, 1}));
}

TEST(Dates, Arithmetic) {
  EXPECT_EQ(AddMonths({2024, 1, 31}, 1), (Date{2024, 2, 29}));
  EXPECT_EQ(AddMonths({2020, 11, 15}, 120), (Date{2030, 11, 15}));
  EXPECT_EQ(AddDays({2023, 12, 30}, 3), (Date{2024, 1, 2}));
}

TEST(Dates, ReadsTheFormsOfDocuments) {
  const auto day = ReadDate("2027年6月30日前");
  ASSERT_TRUE(day.has_value());
  EXPECT_EQ(day->date, (Date{2027, 6, 30}));
  EXPECT_EQ(day->bytes, std::string_view("2027年6月30日").size());
  const auto month = ReadDate("2027年6月前");
  ASSERT_TRUE(month.has_value());
  EXPECT_EQ(month->parts, 2);
  EXPECT_EQ(ReadDate("2027 年 6 月 3 日")->date, (Date{2027, 6, 3}));
  EXPECT_EQ(ReadDate("2024-12-31前")->date, (Date{2024, 12, 31}));
  EXPECT_EQ(ReadDate("2026.05.31")->date, (Date{2026, 5, 31}));
  EXPECT_FALSE(ReadDate("2026.13.31").has_value());
  EXPECT_FALSE(ReadDate("20260531").has_value());
  EXPECT_FALSE(ReadDate("10年").has_value());
  EXPECT_FALSE(ParseIsoDate("2026-02-30").has_value());
  EXPECT_EQ(FormatIso(*ParseIsoDate("2026-02-28")), "2026-02-28");
}

TEST(Utf8, CountsCharactersOfAnyLength) {
  std::string text;
  size_t characters = 0;
  for (const std::string_view piece :
       {"机密", "a", "é", "𠮷", "0123456789", "，", "\n", "客户名单"}) {
    for (const char c : piece) characters += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    text += piece;
    EXPECT_EQ(CountCharacters(text), characters) << text;
    EXPECT_EQ(CountCharacters(piece),
              CountCharacters(text) - CountCharacters(text.substr(0, text.size() - piece.size())));
  }
  EXPECT_EQ(CountCharacters(""), 0U);
  EXPECT_EQ(CountCharacters("机密★10年以上"), 8U);
}

}  // namespace
}  // namespace shoumi::rules
