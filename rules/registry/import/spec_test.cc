#include "rules/registry/import/spec.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shoumi::registry {
namespace {

TEST(RegistrySpec, AllThatCanBeSaid) {
  std::vector<v1::PackProblem> problems;
  const auto spec = LoadSpec("clients.yaml",
                             "registry: clients\n"
                             "columns:\n"
                             "  - {head: 客户名称, type: name}\n"
                             "  - {head: 手机, type: phone, name: mobile}\n"
                             "  - {head: 座机, type: phone}\n"
                             "level: {head: 级别, values: {重要: secret, 战略: 绝密}, "
                             "default: confidential}\n"
                             "encoding: gb18030\n"
                             "separator: \"\\t\"\n",
                             problems);
  ASSERT_TRUE(spec.has_value()) << problems.front().message();
  EXPECT_EQ(spec->name, "clients");
  ASSERT_EQ(spec->columns.size(), 3U);
  EXPECT_EQ(spec->columns[0].head, "客户名称");
  EXPECT_EQ(spec->columns[0].column.name, "name");
  EXPECT_EQ(spec->columns[1].column.name, "mobile");
  EXPECT_EQ(spec->columns[2].column.type, ColumnType::kPhone);
  EXPECT_EQ(spec->level_values.at("重要"), v1::LEVEL_SECRET);
  EXPECT_EQ(spec->level_values.at("战略"), v1::LEVEL_TOP_SECRET);
  EXPECT_EQ(spec->level_default, v1::LEVEL_CONFIDENTIAL);
  EXPECT_EQ(spec->encoding, Encoding::kGb18030);
  EXPECT_EQ(spec->separator, '\t');
  EXPECT_TRUE(problems.empty());
}

TEST(RegistrySpec, EachProblemHasItsLine) {
  const std::string head = "registry: clients\ncolumns:\n";
  const struct {
    std::string yaml;
    const char* code;
    uint32_t line;
  } kCases[] = {
      {"registry: Clients\ncolumns:\n  - {head: a, type: name}\n", "R111", 1},
      {head + "  - {head: a, type: surname}\n", "R106", 3},
      {head + "  - {head: a, type: name}\n  - {head: a, type: phone}\n", "R105", 4},
      {head + "  - {head: a, type: name}\n  - {head: b, type: name}\n", "R105", 4},
      {"registry: clients\ncolumns: []\n", "R113", 2},
      {head + "  - {head: a, type: name}\nlevel: {default: high}\n", "R111", 4},
      {head + "  - {head: a, type: name}\nlevel: {values: {x: high}}\n", "R111", 4},
      {head + "  - {head: a, type: name}\nencoding: latin1\n", "R111", 4},
      {head + "  - {head: a, type: name}\nseparator: ab\n", "R111", 4},
      {head + "  - {head: " + std::string(kHeadBytesMax + 1, 'a') + ", type: name}\n", "R110", 3},
      {head + "  - {head: a, type: name}\nkey: 1\n", "P103", 4},
      {std::string(kSpecBytesMax + 1, '#'), "R100", 0},
      {"columns:\n  - {head: a, type: name}\n", "P104", 1}};
  for (const auto& one : kCases) {
    std::vector<v1::PackProblem> problems;
    EXPECT_FALSE(LoadSpec("clients.yaml", one.yaml, problems).has_value()) << one.code;
    ASSERT_FALSE(problems.empty()) << one.code;
    EXPECT_EQ(problems[0].code(), one.code);
    EXPECT_EQ(problems[0].line(), one.line) << problems[0].message();
    EXPECT_EQ(problems[0].file(), "clients.yaml");
  }
}

}  // namespace
}  // namespace shoumi::registry
