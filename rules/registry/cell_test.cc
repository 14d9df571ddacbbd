#include "rules/registry/cell.h"

#include <gtest/gtest.h>

#include <string>

namespace shoumi::registry {
namespace {

std::u32string Symbols(ColumnType type, std::string_view value) {
  const auto cell = CellOf(type, value);
  return cell.ok() ? cell->symbols : U"refused: " + std::u32string(1, value.size());
}

TEST(RegistryCell, OneNameForAllItsForms) {
  for (const char* name :
       {"深圳市鑫瑞科技有限公司", "深圳市鑫瑞科技（集团）有限责任公司",
        "深圳市 鑫瑞科技 股份有限公司", "深圳市鑫瑞科技集团", "深圳市鑫瑞科技"}) {
    EXPECT_EQ(Symbols(ColumnType::kName, name), U"深圳市鑫瑞科技") << name;
  }
  // What would be left is too little to be a name.
  EXPECT_EQ(Symbols(ColumnType::kName, "鑫瑞有限公司"), U"鑫瑞有限公司");
  EXPECT_EQ(Symbols(ColumnType::kName, "ＡＣＭＥ Corp."), U"acmecorp");
}

TEST(RegistryCell, NumbersAreTheirDigitsAndLetters) {
  EXPECT_EQ(Symbols(ColumnType::kPhone, "138-0013 8000"), U"13800138000");
  EXPECT_EQ(Symbols(ColumnType::kPhone, "（0755）８６０１ ３３８８"), U"075586013388");
  EXPECT_EQ(Symbols(ColumnType::kCreditCode, "91440300MA5F1234XK"), U"91440300ma5f1234xk");
}

TEST(RegistryCell, SaysWhatIsWrongWithoutTheValue) {
  for (const auto& [type, value] :
       {std::pair(ColumnType::kPhone, "12345"), std::pair(ColumnType::kPhone, "电话13800138000"),
        std::pair(ColumnType::kContact, "王"), std::pair(ColumnType::kShortName, " - "),
        std::pair(ColumnType::kAccount, "")}) {
    const auto cell = CellOf(type, value);
    ASSERT_TRUE(absl::IsInvalidArgument(cell.status())) << value;
    EXPECT_EQ(cell.status().message().find("13800138000"), std::string::npos);
  }
  const std::string number(64, '7');
  EXPECT_FALSE(CellOf(ColumnType::kAccount, number).ok());
  EXPECT_TRUE(CellOf(ColumnType::kAccount, number.substr(1)).ok());
  std::string address;
  for (int i = 0; i < 500; ++i) address += "路";
  EXPECT_EQ(CellOf(ColumnType::kAddress, address)->symbols.size(), kCellSymbolsMax);
}

TEST(RegistryCell, WordsAreRunsOfAscii) {
  const auto cell = CellOf(ColumnType::kName, "Acme 中国 Holdings");
  ASSERT_TRUE(cell.ok());
  const std::vector<std::pair<uint8_t, uint8_t>> words = {{0, 4}, {6, 8}};
  EXPECT_EQ(cell->words, words);
}

}  // namespace
}  // namespace shoumi::registry
