#include "rules/registry/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "rules/registry/index_builder.h"

namespace shoumi::registry {
namespace {

Key KeyOf(uint8_t seed) {
  Key key;
  for (size_t i = 0; i < key.bytes.size(); ++i) key.bytes[i] = static_cast<uint8_t>(seed + 7 * i);
  return key;
}

// `numbers`: of its rows.
std::string SomeIndex(std::vector<uint32_t>* numbers = nullptr) {
  IndexBuilder builder(KeyOf(1));
  const v1::Level levels[] = {v1::LEVEL_TOP_SECRET, v1::LEVEL_NONE, v1::LEVEL_CONFIDENTIAL,
                              v1::LEVEL_SECRET, v1::LEVEL_TOP_SECRET};
  for (size_t row = 0; row < std::size(levels); ++row) {
    EXPECT_TRUE(builder.AddRow(levels[row]).ok());
    EXPECT_TRUE(builder.AddCell(0, ColumnType::kName, fmt::format("客户{}号鑫瑞公司", row)).ok());
    EXPECT_TRUE(builder.AddCell(1, ColumnType::kPhone, fmt::format("1380013800{}", row)).ok());
    EXPECT_TRUE(builder.AddCell(2, ColumnType::kContact, "王明").ok());
  }
  auto bytes = builder.Finish();
  EXPECT_TRUE(bytes.ok());
  for (size_t row = 0; numbers != nullptr && row < std::size(levels); ++row) {
    numbers->push_back(builder.NumberOf(row));
  }
  return *bytes;
}

TEST(RegistryRecord, KeepsItsFields) {
  const Record::Fields all[] = {{},
                                {kRowsMax - 1, 63, 62, 15, Anchor::kShort, true, 7},
                                {12345, 4, 1, 9, Anchor::kWord, false, 2}};
  for (const Record::Fields& in : all) {
    const Record record(0xDEADBEEF, in);
    const Record::Fields out = record.fields();
    EXPECT_EQ(record.check(), 0xDEADBEEF);
    EXPECT_EQ(out.row, in.row);
    EXPECT_EQ(out.size, in.size);
    EXPECT_EQ(out.offset, in.offset);
    EXPECT_EQ(out.column, in.column);
    EXPECT_EQ(out.anchor, in.anchor);
    EXPECT_EQ(out.row_has_short, in.row_has_short);
    EXPECT_EQ(out.tag, in.tag);
  }
}

TEST(RegistryIndex, OpensWithItsKeyOnly) {
  std::vector<uint32_t> numbers;
  const std::string bytes = SomeIndex(&numbers);
  const auto index = Index::Open(bytes, KeyOf(1));
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(index->rows(), 5U);
  EXPECT_EQ(index->records(), 15U);
  EXPECT_EQ(index->LevelOf(numbers[0]), v1::LEVEL_TOP_SECRET);
  EXPECT_EQ(index->LevelOf(numbers[1]), v1::LEVEL_NONE);
  EXPECT_EQ(index->LevelOf(numbers[3]), v1::LEVEL_SECRET);
  EXPECT_EQ(index->LevelOf(numbers[4]), v1::LEVEL_TOP_SECRET);
  EXPECT_EQ(Index::Open(bytes, KeyOf(2)).status().message(), "a registry index for another key");
}

TEST(RegistryIndex, HasNoValueInClear) {
  const std::string bytes = SomeIndex();
  for (const std::string_view value : {"13800138003", "鑫瑞", "王明"}) {
    EXPECT_EQ(bytes.find(value), std::string::npos);
  }
}

// Each byte of the head and of the sections that are followed, changed: refused, or harmless.
TEST(RegistryIndex, DamageIsRefusedOrHarmless) {
  const std::string bytes = SomeIndex();
  size_t refused = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (at >= sizeof(Header) && at < sizeof(Header) + Header::kFirstsBytes) continue;
    for (const int change : {1, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      const auto index = Index::Open(damaged, KeyOf(1));
      refused += index.ok() ? 0 : 1;
      if (!index.ok()) continue;
      for (uint64_t hash = 0; hash < 64; ++hash) {
        for (const Record& record : index->At(Place(hash << 58)))
          EXPECT_LT(record.fields().column, 16);
      }
      EXPECT_LE(index->LevelOf(kRowsMax - 1), v1::LEVEL_TOP_SECRET);
    }
  }
  EXPECT_GT(refused, 100U);
  for (size_t size = 0; size < bytes.size(); size += 97) {
    EXPECT_FALSE(Index::Open(std::string_view(bytes).substr(0, size), KeyOf(1)).ok());
  }
  EXPECT_FALSE(Index::Open(bytes + std::string(8, '\0'), KeyOf(1)).ok());
}

TEST(RegistryIndex, ValuesOfTooManyRowsAreCountedAndLeftOut) {
  IndexBuilder builder(KeyOf(1));
  for (size_t row = 0; row <= IndexBuilder::kRowsPerValueMax; ++row) {
    ASSERT_TRUE(builder.AddRow(v1::LEVEL_SECRET).ok());
    ASSERT_TRUE(builder.AddCell(0, ColumnType::kPhone, "075586013388").ok());
    ASSERT_TRUE(builder.AddCell(1, ColumnType::kPhone, fmt::format("1390000{:04}", row / 2)).ok());
  }
  const auto bytes = builder.Finish();
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(builder.counts().in_too_many_rows, IndexBuilder::kRowsPerValueMax + 1);
  EXPECT_EQ(Index::Open(*bytes, KeyOf(1))->records(), IndexBuilder::kRowsPerValueMax + 1);
}

struct TestRow {
  std::string name;
  std::string phone;
};

std::string IndexOf(const std::vector<TestRow>& rows) {
  IndexBuilder builder(KeyOf(1));
  for (const TestRow& row : rows) {
    EXPECT_TRUE(builder.AddRow(v1::LEVEL_SECRET).ok());
    EXPECT_TRUE(builder.AddCell(0, ColumnType::kName, row.name).ok());
    EXPECT_TRUE(builder.AddCell(1, ColumnType::kPhone, row.phone).ok());
  }
  return builder.Finish().value_or("");
}

// Agents fetch of the next version what is not as it was: of little that changed, little.
TEST(RegistryIndex, VersionsOfARegistryAreMostlyAlike) {
  std::vector<TestRow> rows;
  for (size_t i = 0; i < 10'000; ++i) {
    rows.push_back(
        {fmt::format("客户{}号鑫瑞公司", i * 7919 % 100'000), fmt::format("138{:08}", i * 977)});
  }
  const std::string before = IndexOf(rows);
  std::vector<TestRow> same = rows;
  std::reverse(same.begin(), same.end());
  EXPECT_TRUE(before == IndexOf(same)) << "the order of rows counts";

  std::vector<TestRow> changed = rows;
  for (size_t i = 0; i < 5; ++i) changed[i * 1900].phone = fmt::format("139{:08}", i);
  changed.erase(changed.begin() + 777);
  changed.insert(changed.begin() + 12, {"别的鑫瑞公司", "13700000000"});
  const std::string after = IndexOf(changed);
  ASSERT_EQ(before.size(), after.size());
  size_t bytes = 0;
  // Records between two changes may have moved by some; a place or two to each side is looked at.
  for (size_t at = 40; at + 40 < before.size(); ++at) {
    bool found = false;
    for (size_t other = at - 40; !found && other <= at + 40; other += 10) {
      found = before[other] == after[at];
    }
    bytes += found ? 0 : 1;
  }
  EXPECT_LT(bytes, before.size() / 100);
}

TEST(RegistryIndex, NothingToFindIsRefused) {
  IndexBuilder builder(KeyOf(1));
  EXPECT_FALSE(builder.AddCell(0, ColumnType::kPhone, "13800138000").ok());
  EXPECT_FALSE(builder.AddRow(v1::LEVEL_UNSPECIFIED).ok());
  ASSERT_TRUE(builder.AddRow(v1::LEVEL_NONE).ok());
  EXPECT_FALSE(builder.AddCell(kColumnsMax, ColumnType::kPhone, "13800138000").ok());
  EXPECT_FALSE(builder.AddCell(0, ColumnType::kName, "a b c d e").ok());
  EXPECT_FALSE(builder.Finish().ok());
}

}  // namespace
}  // namespace shoumi::registry
