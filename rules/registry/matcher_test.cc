#include "rules/registry/matcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "rules/engine/text/normalise.h"
#include "rules/registry/index_builder.h"

namespace shoumi::registry {
namespace {

struct Client {
  std::string name, short_name, code, phone, contact, address, account;
  v1::Level level;
};

const std::vector<Client>& Clients() {
  static const std::vector<Client> clients = {
      {"深圳市鑫瑞科技有限公司", "鑫瑞", "91440300MA5F1234XK", "13800138000", "王小明",
       "深圳市南山区科苑路15号鑫瑞大厦3楼", "6222021234567890123", v1::LEVEL_TOP_SECRET},
      {"杭州云栖网络股份有限公司", "云栖网络", "91330100MA27XF8K7Q", "0571-88157788", "李静",
       "杭州市西湖区转塘街道云栖小镇", "1202 0223 0990 0123 456", v1::LEVEL_SECRET},
      {"Acme Holdings Ltd", "ACME", "91310000607378000X", "021-62881234", "Jane Doe",
       "1 Example Road, Shanghai", "31050161000000", v1::LEVEL_CONFIDENTIAL},
      {"㐀㐁㐂𠀀𠀁𠀂商行", "北海", "52440000MJM1234567", "13900139000", "欧阳娜",
       "𠀀𠀁路7号院西单元", "4403031000012345", v1::LEVEL_NONE}};
  return clients;
}

class RegistryMatcher : public testing::Test {
 protected:
  RegistryMatcher() {
    Key key;
    for (uint8_t i = 0; i < 32; ++i) key.bytes[i] = static_cast<uint8_t>(i * 5 + 1);
    IndexBuilder builder(key);
    for (const Client& client : Clients()) {
      EXPECT_TRUE(builder.AddRow(client.level).ok());
      const std::pair<ColumnType, const std::string*> cells[] = {
          {ColumnType::kName, &client.name},       {ColumnType::kShortName, &client.short_name},
          {ColumnType::kCreditCode, &client.code}, {ColumnType::kPhone, &client.phone},
          {ColumnType::kContact, &client.contact}, {ColumnType::kAddress, &client.address},
          {ColumnType::kAccount, &client.account}};
      uint8_t column = 0;
      for (const auto& [type, value] : cells) {
        EXPECT_TRUE(builder.AddCell(column++, type, *value).ok()) << *value;
      }
    }
    bytes_ = *builder.Finish();
    for (size_t row = 0; row < Clients().size(); ++row) numbers_.push_back(builder.NumberOf(row));
    index_.emplace(*Index::Open(bytes_, key));
  }

  // `cuts`: where stretches end, in normalised text.
  std::vector<RowMatch> Find(const std::string& text, std::vector<RowRule> rules = {{}},
                             size_t stretch_bytes = 1 << 20) {
    std::vector<RowMatch> found;
    Matcher matcher(*index_, std::move(rules), [&found](const RowMatch& m) { found.push_back(m); });
    matcher.BeginPart();
    normalised_ = rules::NormaliseText(text);
    for (size_t begin = 0; begin < normalised_.size();) {
      size_t end = std::min(begin + stretch_bytes, normalised_.size());
      while (end < normalised_.size() && (normalised_[end] & 0xC0) == 0x80) ++end;
      size_t from = begin > Matcher::kLookBytes ? begin - Matcher::kLookBytes : 0;
      while (from > 0 && (normalised_[from] & 0xC0) == 0x80) --from;
      size_t to = std::min(end + Matcher::kLookBytes, normalised_.size());
      while (to < normalised_.size() && (normalised_[to] & 0xC0) == 0x80) ++to;
      matcher.Scan({std::string_view(normalised_).substr(from, to - from), from, begin - from,
                    end - from, end == normalised_.size()});
      begin = end;
    }
    return found;
  }

  std::string TextOf(const RowMatch& match) const {
    return normalised_.substr(match.from, match.to - match.from);
  }

  std::string bytes_;
  std::vector<uint32_t> numbers_;  // of the clients
  std::optional<Index> index_;
  std::string normalised_;
};

TEST_F(RegistryMatcher, ValuesAsTextHasThem) {
  const std::pair<const char*, uint32_t> texts[] = {
      {"致深圳市鑫瑞科技有限责任公司：", 0},
      {"深圳市鑫瑞科技（集团）股份公司", 0},
      {"深圳市 鑫瑞\n科 技", 0},
      {"代码９１４４０３００ＭＡ５Ｆ１２３４ＸＫ。", 0},
      {"电话138 0013 8000转", 0},
      {"电话:138-0013-8000", 0},
      {"住址：南山区，深圳市南山区科苑路15号 鑫瑞大厦3楼", 0},
      {"杭州云栖网络公司", 1},
      {"0571 8815 7788", 1},
      {"账号1202022309900123456", 1},
      {"to ACME HOLDINGS LTD.", 2},
      {"Acme  Holdings, Ltd", 2},
      {"㐀㐁㐂𠀀𠀁𠀂商行", 3},
      {"𠀀𠀁路7号院西单元", 3}};
  for (const auto& [text, row] : texts) {
    const auto found = Find(text);
    ASSERT_EQ(found.size(), 1U) << text;
    EXPECT_EQ(found[0].row, numbers_[row]) << text;
    EXPECT_EQ(found[0].level, Clients()[row].level);
  }
}

TEST_F(RegistryMatcher, WhatOnlyLooksLikeIt) {
  for (const char* text :
       {"138001380001", "x13800138000", "电话1380013800", "深圳市鑫端科技有限公司",
        "acmeholdings ltdx", "xacme holdings ltd", "鑫瑞", "王小明", "李静去了云栖小镇",
        "914403 00MA5F1234XX", "深圳市鑫瑞。。。。科技"}) {
    EXPECT_TRUE(Find(text).empty()) << text;
  }
}

TEST_F(RegistryMatcher, SeveralColumnsOfOneRowCloseTogether) {
  const std::vector<RowRule> two = {{.columns_min = 2, .within_chars = 30}};
  EXPECT_TRUE(Find("深圳市鑫瑞科技", two).empty());
  const auto found = Find("深圳市鑫瑞科技，电话13800138000", two);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].columns, 0b1001U);
  EXPECT_EQ(TextOf(found[0]), "深圳市鑫瑞科技，电话13800138000");
  // Of two rows, too far apart, the same column twice.
  EXPECT_TRUE(Find("杭州云栖网络，电话13800138000", two).empty());
  std::string far = "深圳市鑫瑞科技";
  for (int i = 0; i < 30; ++i) far += "的";
  EXPECT_TRUE(Find(far + "13800138000", two).empty());
  EXPECT_TRUE(Find("13800138000，13800138000", two).empty());
}

TEST_F(RegistryMatcher, ShortValuesCountNearOthersOfTheirRow) {
  const std::vector<RowRule> two = {{.columns_min = 2, .within_chars = 30}};
  const auto found = Find("联系人：王小明（13800138000）", two);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].columns, 0b11000U);
  EXPECT_EQ(Find("13800138000 鑫瑞 王小明", {{.columns_min = 3, .within_chars = 30}}).size(), 1U);
  EXPECT_TRUE(Find("联系人：李静（13800138000）", two).empty());
  EXPECT_EQ(Find("acme holdings ltd, acme", two).size(), 1U);
  // Not within another value.
  EXPECT_TRUE(Find("acme holdings ltd", two).empty());
}

TEST_F(RegistryMatcher, OnePlaceIsFoundOnceEachRuleByItself) {
  const std::string row = "深圳市鑫瑞科技 91440300MA5F1234XK 13800138000 6222021234567890123\n";
  const auto found = Find(row, {{.columns_min = 1}, {.columns_min = 4}, {.columns_min = 5}});
  EXPECT_EQ(std::count_if(found.begin(), found.end(), [](auto& m) { return m.rule == 1; }), 1);
  EXPECT_EQ(std::count_if(found.begin(), found.end(), [](auto& m) { return m.rule == 2; }), 0);
}

// Wherever stretches end, the same is found.
TEST_F(RegistryMatcher, CutsChangeNothing) {
  std::mt19937 random(20261126);
  std::string text;
  const char* fillers[] = {"关于本次项目的说明，", "the meeting of 2026 ", "1234 5678 90\n", "𠀂，",
                           "。"};
  for (int i = 0; i < 4000; ++i) {
    text += fillers[random() % std::size(fillers)];
    if (i % 97 != 0) continue;
    const Client& client = Clients()[random() % Clients().size()];
    text += client.name + "，" + client.contact + client.phone + "，" + client.address + "。";
  }
  const std::vector<RowRule> rules = {{.columns_min = 1, .within_chars = 50},
                                      {.columns_min = 3, .within_chars = 100}};
  const auto whole = Find(text, rules);
  ASSERT_GT(whole.size(), 80U);
  for (const size_t bytes : {4096, 5000, 8191}) {
    const auto cut = Find(text, rules, bytes);
    ASSERT_EQ(cut.size(), whole.size()) << bytes;
    for (size_t i = 0; i < cut.size(); ++i) {
      EXPECT_EQ(std::tuple(cut[i].rule, cut[i].row, cut[i].from, cut[i].to),
                std::tuple(whole[i].rule, whole[i].row, whole[i].from, whole[i].to));
    }
  }
}

}  // namespace
}  // namespace shoumi::registry
