#include "rules/engine/row_finder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "rules/engine/database.h"
#include "rules/engine/scanner_impl.h"
#include "rules/registry/index_builder.h"

namespace shoumi::rules {
namespace {

using registry::ColumnType;

constexpr char kPack[] =
    "pack: p\nversion: 1\ndetectors:\n"
    "  - id: p.row\n    title: {zh: a, en: b}\n    registry: clients\n"
    "    columns_min: 2\n    within_chars: 100\n"
    "  - id: p.value\n    title: {zh: a, en: b}\n    registry: clients\n"
    "    columns_min: 1\n    within_chars: 100\n    threshold: {distinct: 2}\n";

v1::Pack PackOf(const std::string& yaml) {
  v1::Pack pack;
  pack.set_name("p");
  pack.set_yaml(yaml);
  return pack;
}

class Rows : public testing::Test {
 protected:
  Rows() {
    head_.set_name("clients");
    head_.set_key(std::string(32, 'k'));
    registry::Key key;
    key.bytes.fill('k');
    registry::IndexBuilder builder(key);
    const struct {
      const char* name;
      const char* phone;
      const char* contact;
      v1::Level level;
    } kClients[] = {{"深圳市鑫瑞科技有限公司", "13800138000", "王小明", v1::LEVEL_TOP_SECRET},
                    {"杭州云栖网络股份有限公司", "0571-88157788", "李静", v1::LEVEL_SECRET}};
    for (const auto& client : kClients) {
      EXPECT_TRUE(builder.AddRow(client.level).ok());
      EXPECT_TRUE(builder.AddCell(0, ColumnType::kName, client.name).ok());
      EXPECT_TRUE(builder.AddCell(1, ColumnType::kPhone, client.phone).ok());
      EXPECT_TRUE(builder.AddCell(2, ColumnType::kContact, client.contact).ok());
    }
    for (const ColumnType type : {ColumnType::kName, ColumnType::kPhone, ColumnType::kContact}) {
      v1::RegistryColumn* column = head_.add_columns();
      column->set_name(std::string(registry::ColumnTypeName(type)));
      column->set_type(column->name());
    }
    const std::string bytes = *builder.Finish();
    index_.resize(bytes.size() / 8 + 1);
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(index_.data()));
    size_ = bytes.size();
  }

  absl::StatusOr<std::shared_ptr<const registry::Registry>> Open() const {
    return registry::Registry::Open(head_, {reinterpret_cast<const char*>(index_.data()), size_});
  }

  ScanResult Scan(const std::string& text, size_t window_bytes = kWindowBytesDefault) const {
    const auto compiled = Database::Compile({PackOf(kPack)});
    EXPECT_NE(compiled.database, nullptr);
    const auto scanner = WindowScanner::Create(compiled.database->rules(), window_bytes, {*Open()});
    EXPECT_TRUE(scanner.ok());
    (*scanner)->Begin({.today = "2026-11-27"});
    (*scanner)->BeginPart("body", v1::PART_KIND_BODY);
    (*scanner)->Block(text);
    (*scanner)->EndPart();
    return (*scanner)->Finish();
  }

  v1::RegistryIndex head_;
  std::vector<uint64_t> index_;
  size_t size_ = 0;
};

TEST_F(Rows, AFindingHasTheLevelTheColumnsAndNoValue) {
  const std::string text = "致：深圳市鑫瑞科技，电话１３８ ００１３ ８０００，联系人王小明";
  const ScanResult result = Scan(text);
  ASSERT_EQ(result.findings.size(), 1U);
  const v1::Finding& finding = result.findings[0];
  EXPECT_EQ(finding.rule(), "p.row");
  EXPECT_EQ(finding.level(), v1::LEVEL_TOP_SECRET);
  EXPECT_EQ(result.level, v1::LEVEL_TOP_SECRET);
  EXPECT_EQ(finding.count(), 1U);
  EXPECT_EQ(finding.distinct(), 1U);
  ASSERT_EQ(finding.matches_size(), 1);
  const v1::Match& match = finding.matches(0);
  EXPECT_EQ(match.masked(), "深圳***科技, 138****8000, 王**");
  EXPECT_EQ(match.columns_size(), 3);
  EXPECT_EQ(match.columns(1), "phone");
  EXPECT_EQ(text.substr(match.start(), match.end() - match.start()),
            "深圳市鑫瑞科技，电话１３８ ００１３ ８０００，联系人王小明");
}

TEST_F(Rows, DistinctRowsCount) {
  const ScanResult result = Scan("13800138000, 13800138000, 0571 88157788");
  ASSERT_EQ(result.findings.size(), 1U);
  EXPECT_EQ(result.findings[0].rule(), "p.value");
  EXPECT_EQ(result.findings[0].count(), 2U);  // of values that stand together
  EXPECT_EQ(result.findings[0].distinct(), 2U);
  EXPECT_EQ(result.findings[0].level(), v1::LEVEL_TOP_SECRET);
}

TEST_F(Rows, WindowsChangeNoResult) {
  std::string text;
  for (int i = 0; i < 200; ++i) {
    text += std::string(static_cast<size_t>(i * 7 % 311), i % 2 == 0 ? 'x' : ' ') +
            "\n客户杭州云栖网络有限公司 0571-88157788\n";
  }
  const ScanResult whole = Scan(text, 1 << 20);
  const ScanResult cut = Scan(text, kWindowBytesMin);
  ASSERT_EQ(whole.findings.size(), 1U);
  EXPECT_GT(whole.findings[0].count(), 100U);
  EXPECT_LT(whole.findings[0].count(), 200U);
  ASSERT_EQ(cut.findings.size(), 1U);
  EXPECT_EQ(whole.findings[0].SerializeAsString(), cut.findings[0].SerializeAsString());
}

TEST_F(Rows, ARegistryThatIsNotThereIsSaid) {
  const auto compiled = Database::Compile({PackOf(kPack)});
  ASSERT_NE(compiled.database, nullptr);
  std::vector<v1::PackProblem> problems;
  compiled.database->CheckRegistries({}, problems);
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].code(), "P152");
  EXPECT_EQ(problems[0].severity(), v1::PackProblem::SEVERITY_WARNING);
  EXPECT_EQ(problems[0].line(), 4U);
  problems.clear();
  compiled.database->CheckRegistries({head_}, problems);
  EXPECT_TRUE(problems.empty());
  v1::RegistryIndex narrow = head_;
  narrow.mutable_columns()->DeleteSubrange(1, 2);
  compiled.database->CheckRegistries({narrow}, problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code(), "P153");
}

TEST_F(Rows, AnIndexThatDoesNotFitItsHeadIsRefused) {
  EXPECT_TRUE(Open().ok());
  const v1::RegistryIndex good = head_;
  head_.set_key(std::string(32, 'l'));
  EXPECT_EQ(Open().status().message(),
            "client registry 'clients': a registry index for another key");
  head_.set_key("short");
  EXPECT_EQ(Open().status().message(), "client registry 'clients': its key has the wrong size");
  head_ = good;
  head_.mutable_columns(0)->set_type("surname");
  EXPECT_FALSE(Open().ok());
  head_ = good;
  head_.clear_columns();
  EXPECT_FALSE(Open().ok());
  head_ = good;
  head_.set_name("../clients");
  EXPECT_FALSE(Open().ok());
  head_ = good;
  size_ -= 8;
  EXPECT_FALSE(Open().ok());
}

TEST(RowsOfPacks, WhatIsWrongIsSaidWithItsLine) {
  const std::string head =
      "pack: p\nversion: 1\ndetectors:\n  - id: p.row\n    title: {zh: a, en: b}\n";
  const std::pair<std::string, const char*> kCases[] = {
      {"    registry: Clients\n    columns_min: 1\n    within_chars: 9\n", "P111"},
      {"    registry: clients\n    within_chars: 9\n", "P104"},
      {"    registry: clients\n    columns_min: 17\n    within_chars: 9\n", "P110"},
      {"    registry: clients\n    columns_min: 1\n    within_chars: 401\n", "P110"},
      {"    registry: clients\n    columns_min: 1\n    within_chars: 9\n    terms: []\n", "P104"}};
  for (const auto& [yaml, code] : kCases) {
    const auto compiled = Database::Compile({PackOf(head + yaml)});
    EXPECT_EQ(compiled.database, nullptr) << yaml;
    ASSERT_FALSE(compiled.problems.empty()) << yaml;
    EXPECT_EQ(compiled.problems[0].code(), code) << yaml;
  }
}

}  // namespace
}  // namespace shoumi::rules
