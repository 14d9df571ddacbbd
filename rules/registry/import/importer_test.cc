#include "rules/registry/import/importer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rules/registry/matcher.h"

namespace shoumi::registry {
namespace {

Spec Clients() {
  Spec spec;
  spec.name = "clients";
  spec.columns = {{"客户名称", {"name", ColumnType::kName}},
                  {"手机", {"phone", ColumnType::kPhone}},
                  {"联系人", {"contact", ColumnType::kContact}}};
  spec.level_head = "级别";
  spec.level_values = {{"重要", v1::LEVEL_SECRET}};
  spec.level_default = v1::LEVEL_CONFIDENTIAL;
  return spec;
}

absl::Status Import(Importer& importer, std::string_view table) {
  if (auto status = importer.Feed(table); !status.ok()) return status;
  return importer.EndTable();
}

std::vector<RowMatch> Find(const std::string& index, const std::string& text) {
  std::vector<uint64_t> aligned(index.size() / 8 + 1);
  std::copy(index.begin(), index.end(), reinterpret_cast<char*>(aligned.data()));
  const auto opened =
      Index::Open({reinterpret_cast<const char*>(aligned.data()), index.size()}, Key());
  EXPECT_TRUE(opened.ok()) << opened.status();
  std::vector<RowMatch> found;
  Matcher matcher(*opened, {{.columns_min = 2, .within_chars = 100}},
                  [&found](const RowMatch& match) { found.push_back(match); });
  matcher.BeginPart();
  matcher.Scan({text, 0, 0, text.size(), true});
  return found;
}

TEST(RegistryImport, RowsOfATableAreFoundWithTheirLevels) {
  Importer importer(Clients(), Key());
  ASSERT_TRUE(Import(importer,
                     "序号,手机, 客户名称 ,联系人,级别\n"
                     "1,138 0013 8000,深圳市鑫瑞科技有限公司,王小明,重要\n"
                     "2,13900139000,杭州云栖网络股份有限公司,李静,\n"
                     "3,13700137000,广州远达贸易有限公司,陈晨,绝密\n")
                  .ok());
  EXPECT_EQ(importer.counts().rows, 3U);
  EXPECT_EQ(importer.counts().short_cells, 3U);
  EXPECT_EQ(importer.rows_bad(), 0U);
  const auto index = importer.Index();
  ASSERT_TRUE(index.ok());
  const auto found =
      Find(*index,
           "鑫瑞联系13800138000。深圳市鑫瑞科技，电话138-0013-8000\n杭州云栖网络 李静\n"
           "广州远达贸易有限责任公司 13700137000 13900139000");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].level, v1::LEVEL_SECRET);
  EXPECT_EQ(found[1].level, v1::LEVEL_CONFIDENTIAL);
  EXPECT_EQ(found[2].level, v1::LEVEL_TOP_SECRET);
}

TEST(RegistryImport, BadRowsAreToldOneByOneAndLeftOut) {
  Importer importer(Clients(), Key());
  ASSERT_TRUE(Import(importer,
                     "客户名称,手机,联系人,级别\n"
                     "深圳市鑫瑞科技有限公司,12345,王小明,\n"
                     ",,,\n"
                     "北海商行股份有限公司,13900139000,欧阳娜,很高\n"
                     ",,李静,\n"
                     "广州远达贸易有限公司,13700137000,陈晨,\n")
                  .ok());
  EXPECT_EQ(importer.counts().rows, 1U);
  EXPECT_EQ(importer.rows_bad(), 4U);
  ASSERT_EQ(importer.problems().size(), 4U);
  const auto& problems = importer.problems();
  EXPECT_EQ(problems[0].line, 2U);
  EXPECT_EQ(problems[0].column, "手机");
  EXPECT_EQ(problems[0].message, "5 letters and digits, and at least 6 are needed");
  EXPECT_EQ(problems[1].message, "a row without any value");
  EXPECT_EQ(problems[2].column, "级别");
  EXPECT_EQ(problems[3].line, 5U);
  for (const Importer::Problem& problem : problems) {
    EXPECT_EQ(problem.message.find("12345"), std::string::npos);
    EXPECT_EQ(problem.message.find("李静"), std::string::npos);
  }
}

TEST(RegistryImport, ProblemsHaveABoundAndAreCounted) {
  Importer importer(Clients(), Key());
  std::string table = "客户名称,手机,联系人,级别\n";
  for (size_t i = 0; i < Importer::kProblemsMax + 5; ++i) table += "甲公司名称,1,,\n";
  ASSERT_TRUE(Import(importer, table).ok());
  EXPECT_EQ(importer.problems().size(), Importer::kProblemsMax);
  EXPECT_EQ(importer.problems_omitted(), 5U);
  EXPECT_FALSE(importer.Index().ok());
}

TEST(RegistryImport, ATableWithoutItsColumnsIsRefused) {
  const auto refusal = [](std::string_view table) {
    Importer importer(Clients(), Key());
    return std::string(Import(importer, table).message());
  };
  EXPECT_EQ(refusal("客户名称,电话,联系人,级别\n"),
            "line 1: there is no column '手机'; the table has: 客户名称, 电话, 联系人, 级别");
  EXPECT_EQ(refusal("客户名称,手机,联系人,级别,手机\n"), "line 1: column '手机' is there twice");
  EXPECT_EQ(refusal("客户名称,手机,联系人\n"),
            "line 1: there is no column '级别'; the table has: 客户名称, 手机, 联系人");
  EXPECT_EQ(refusal(""), "line 1: the table is empty");
}

}  // namespace
}  // namespace shoumi::registry
