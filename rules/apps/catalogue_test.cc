#include "rules/apps/catalogue.h"

#include <fnmatch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "fmt/format.h"
#include "rules/policy/policy.h"

namespace shoumi::rules {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const fs::path kShipped = fs::path(SHOUMI_SOURCE_DIR) / "rules" / "apps";

CatalogueFile Read(const fs::path& path) {
  std::ifstream in(path);
  return {path.filename(), {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}};
}

std::vector<fs::path> YamlFiles(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

CatalogueResult Shipped() {
  std::vector<CatalogueFile> files;
  for (const fs::path& path : YamlFiles(kShipped)) files.push_back(Read(path));
  return LoadCatalogue(files);
}

std::string Messages(const std::vector<v1::PackProblem>& problems) {
  std::string all;
  for (const auto& problem : problems) all += FormatProblem(problem) + "\n";
  return all;
}

std::string AppYaml(const std::string& id, const std::string& rest) {
  return "  - {id: " + id + ", title: {zh: 甲, en: A}, classes: [messenger], " + rest + "}\n";
}

TEST(ShippedCatalogue, IsWithoutAnyProblem) {
  const CatalogueResult shipped = Shipped();
  EXPECT_TRUE(shipped.ok);
  EXPECT_EQ(Messages(shipped.problems), "");
  EXPECT_TRUE(CheckApps(shipped.apps).empty());
}

TEST(ShippedCatalogue, HasTheProgramsThatPoliciesName) {
  const CatalogueResult shipped = Shipped();
  std::set<std::string> ids;
  for (const v1::App& app : shipped.apps) ids.insert(app.id());
  for (const char* id : {"wechat",        "qq",          "wecom", "dingtalk",    "feishu",
                         "telegram",      "slack",       "teams", "element",     "pidgin",
                         "thunderbird",   "evolution",   "kmail", "foxmail",     "chromium",
                         "chrome",        "firefox",     "edge",  "360-browser", "nextcloud",
                         "baidu-netdisk", "libreoffice", "wps",   "terminal",    "editor"}) {
    EXPECT_TRUE(ids.contains(id)) << id;
  }
}

// As installed by the makers' packages, by Debian, and by the stores of UOS and Kylin.
TEST(ShippedCatalogue, FindsProgramsWhereTheyAreInstalled) {
  const std::vector<std::pair<std::string, std::string>> installed = {
      {"/opt/wechat/wechat", "wechat"},
      {"/opt/apps/com.tencent.wechat/files/wechat", "wechat"},
      {"/opt/wechat/RadiumWMPF/runtime/WeChatAppEx", "wechat"},
      {"/opt/QQ/qq", "qq"},
      {"/opt/apps/com.alibabainc.dingtalk/files/7.6.25-Release.4122001/com.alibabainc.dingtalk",
       "dingtalk"},
      {"/opt/bytedance/feishu/feishu", "feishu"},
      {"/usr/bin/telegram-desktop", "telegram"},
      {"/home/li/Telegram/Telegram", "telegram"},
      {"/usr/lib/slack/slack", "slack"},
      {"/opt/Element/element-desktop", "element"},
      {"/usr/bin/pidgin", "pidgin"},
      {"/usr/lib/thunderbird/thunderbird-bin", "thunderbird"},
      {"/usr/bin/evolution", "evolution"},
      {"/usr/bin/kmail", "kmail"},
      {"/usr/lib/chromium/chromium", "chromium"},
      {"/opt/google/chrome/chrome", "chrome"},
      {"/usr/lib/firefox-esr/firefox-esr", "firefox"},
      {"/opt/microsoft/msedge/msedge", "edge"},
      {"/usr/lib/libreoffice/program/soffice.bin", "libreoffice"},
      {"/opt/kingsoft/wps-office/office6/wps", "wps"},
      {"/usr/libexec/gnome-terminal-server", "terminal"},
      {"/usr/bin/vim.basic", "editor"},
      {"/usr/bin/python3.11", ""},
      {"/usr/bin/cp", ""},
      {"/usr/bin/nautilus", ""}};
  const CatalogueResult shipped = Shipped();
  for (const auto& [path, id] : installed) {
    std::string found;
    for (const v1::App& app : shipped.apps) {
      for (const std::string& pattern : app.executables()) {
        if (found.empty() && ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0) found = app.id();
      }
    }
    EXPECT_EQ(found, id) << path;
  }
}

// The first line of each file says code and line of a problem that must be found.
TEST(LoadCatalogue, InvalidFilesAreRefusedWithCodeAndLine) {
  const std::vector<fs::path> files = YamlFiles(kShipped / "invalid");
  EXPECT_EQ(files.size(), 20u);
  for (const fs::path& path : files) {
    const CatalogueFile file = Read(path);
    std::istringstream first(file.yaml);
    std::string hash, expect, code, word;
    uint32_t line = 0;
    first >> hash >> expect >> code >> word >> line;
    ASSERT_EQ(expect, "expect:") << path;
    const CatalogueResult result = LoadCatalogue({file});
    ASSERT_EQ(result.problems.size(), 1u) << path << "\n" << Messages(result.problems);
    EXPECT_EQ(result.problems[0].code(), code) << path;
    EXPECT_EQ(result.problems[0].line(), line) << path << "\n" << Messages(result.problems);
    EXPECT_EQ(result.problems[0].file(), file.name);
    EXPECT_EQ(result.ok, code == "A118") << path;  // a warning
  }
}

TEST(LoadCatalogue, ReadsEverything) {
  const CatalogueResult result = LoadCatalogue({{"a.yaml", R"(
apps:
  - id: crm
    title: {zh: 客户系统, en: CRM}
    classes: [crm, office]
    executables: [/opt/crm/*, "*/crm/crm.bin"]
    scripts: ["~/crm/main.py"]
    flatpaks: [com.example.Crm, com.example.Crm*]
    snaps: [crm]
    own_paths: ["~/.config/crm/*"]
)"}});
  ASSERT_TRUE(result.ok) << Messages(result.problems);
  EXPECT_EQ(Messages(result.problems), "");
  ASSERT_EQ(result.apps.size(), 1u);
  const v1::App& app = result.apps[0];
  EXPECT_EQ(app.id(), "crm");
  EXPECT_EQ(app.title_zh(), "客户系统");
  EXPECT_EQ(app.title_en(), "CRM");
  EXPECT_THAT(app.classes(), testing::ElementsAre("crm", "office"));
  EXPECT_THAT(app.executables(), testing::ElementsAre("/opt/crm/*", "*/crm/crm.bin"));
  EXPECT_THAT(app.scripts(), testing::ElementsAre("~/crm/main.py"));
  EXPECT_THAT(app.flatpaks(), testing::ElementsAre("com.example.Crm", "com.example.Crm*"));
  EXPECT_THAT(app.snaps(), testing::ElementsAre("crm"));
  EXPECT_THAT(app.own_paths(), testing::ElementsAre("~/.config/crm/*"));
}

TEST(LoadCatalogue, AnIdStandsOnceInAllFiles) {
  const std::string one = "apps:\n" + AppYaml("a", "executables: [/opt/a/a]");
  const std::string two = "apps:\n" + AppYaml("a", "executables: [/opt/b/b]");
  const CatalogueResult result = LoadCatalogue({{"one.yaml", one}, {"two.yaml", two}});
  EXPECT_FALSE(result.ok);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].file(), "two.yaml");
  EXPECT_EQ(result.problems[0].code(), "A111");
}

TEST(LoadCatalogue, Bounds) {
  const auto many = [](size_t count) {
    std::string yaml = "apps:\n";
    for (size_t i = 0; i < count; ++i) {
      yaml += AppYaml(fmt::format("a{}", i), fmt::format("executables: [/opt/a{}/a]", i));
    }
    return yaml;
  };
  EXPECT_TRUE(LoadCatalogue({{"a", many(kAppsMax)}}).ok);
  EXPECT_EQ(LoadCatalogue({{"a", many(kAppsMax + 1)}}).problems.at(0).code(), "Y107");
  const CatalogueResult both = LoadCatalogue(
      {{"a", many(kAppsMax)}, {"b", "apps:\n" + AppYaml("b", "executables: [/opt/b/b]")}});
  ASSERT_EQ(both.problems.size(), 1u);
  EXPECT_EQ(both.problems[0].code(), "Y107");
  EXPECT_EQ(both.problems[0].file(), "b");

  const auto patterns = [](size_t count) {
    std::string list;
    for (size_t i = 0; i < count; ++i) list += fmt::format("/opt/a/{},", i);
    return "apps:\n" + AppYaml("a", "executables: [" + list + "]");
  };
  EXPECT_TRUE(LoadCatalogue({{"a", patterns(kAppPatternsMax)}}).ok);
  EXPECT_EQ(LoadCatalogue({{"a", patterns(kAppPatternsMax + 1)}}).problems.at(0).code(), "Y107");

  const auto pattern = [](size_t bytes) {
    return "apps:\n" + AppYaml("a", "executables: [/opt/" + std::string(bytes - 5, 'x') + "]");
  };
  EXPECT_TRUE(LoadCatalogue({{"a", pattern(kAppPatternBytesMax)}}).ok);
  EXPECT_EQ(LoadCatalogue({{"a", pattern(kAppPatternBytesMax + 1)}}).problems.at(0).code(), "Y107");

  std::string classes;
  for (size_t i = 0; i <= kAppClassesMax; ++i) classes += fmt::format("zz{},", i * 1111);
  EXPECT_EQ(LoadCatalogue({{"a",
                            "apps: [{id: a, title: {zh: 甲, en: A}, executables: [/opt/a/a], "
                            "classes: [" +
                                classes + "]}]"}})
                .problems.at(0)
                .code(),
            "Y107");
  EXPECT_EQ(
      LoadCatalogue({{"a", std::string(kCatalogueYamlBytesMax + 1, ' ')}}).problems.at(0).code(),
      "Y101");
  EXPECT_EQ(LoadCatalogue({{"a", ""}}).problems.at(0).code(), "Y101");
  const std::string id(kAppIdBytesMax + 1, 'a');
  EXPECT_EQ(LoadCatalogue({{"a", "apps:\n" + AppYaml(id, "snaps: [aa]")}}).problems.at(0).code(),
            "A110");
}

TEST(LoadCatalogue, FindsAllProblemsAtOnce) {
  const CatalogueResult result = LoadCatalogue({{"a", R"(
apps:
  - {id: A, title: {zh: 甲, en: A}, classes: [mail], executables: ["/opt/[", "*", "~/.x/*"]}
  - 7
  - {id: b, title: {zh: 乙, en: B}, classes: [], snaps: [b b]}
)"}});
  EXPECT_FALSE(result.ok);
  const std::string all = Messages(result.problems);
  for (const char* code : {"A110", "A112", "A113", "Y104", "Y103"})
    EXPECT_THAT(all, HasSubstr(code));
}

TEST(CheckAppNames, WhatTheCatalogueDoesNotHaveIsSaid) {
  v1::Policy policy;
  v1::App& app = *policy.add_apps();
  app.set_id("wechat");
  app.add_classes("messenger");
  policy.mutable_attachments()->add_classes("messenger");
  v1::Rule& rule = *policy.add_rules();
  rule.set_id("r");
  rule.mutable_conditions()->add_programs("wechat");
  rule.mutable_conditions()->add_sources("class:messenger");
  EXPECT_TRUE(CheckAppNames("p", policy).empty());
  rule.mutable_conditions()->add_programs("wechatt");
  rule.mutable_conditions()->add_sources("class:mail");
  policy.mutable_attachments()->add_classes("mial");
  const auto problems = CheckAppNames("p", policy);
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(FormatProblem(problems[0]),
            "p: warning Y126: attachments.classes[1]: no app of the catalogue is of class 'mial'");
  EXPECT_EQ(FormatProblem(problems[1]),
            "p: error Y125: rule 'r', conditions.programs[1]: there is no app 'wechatt' in the "
            "catalogue");
  EXPECT_EQ(problems[2].severity(), v1::PackProblem::SEVERITY_WARNING);
}

TEST(CatalogueFolder, OneThatIsNoneIsSaid) {
  EXPECT_TRUE(LoadCatalogueFolder(kShipped).ok());
  EXPECT_EQ(LoadCatalogueFolder("/nonexistent").status().code(), absl::StatusCode::kNotFound);
  const std::string empty = ::testing::TempDir() + "apps-empty";
  fs::create_directories(empty);
  EXPECT_EQ(LoadCatalogueFolder(empty).status().code(), absl::StatusCode::kNotFound);
  std::ofstream(empty + "/a.yaml") << "apps: 5\n";
  const absl::Status bad = LoadCatalogueFolder(empty).status();
  EXPECT_EQ(bad.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bad.message()), HasSubstr("a.yaml:1: error Y104"));
  fs::remove_all(empty);
}

TEST(CheckApps, NamesThePlace) {
  v1::App app;
  app.set_id("a");
  app.set_title_zh("甲");
  app.set_title_en("A");
  app.add_classes("mail");
  app.add_own_paths("~/.a/*");
  app.add_executables("/opt/a/a");
  EXPECT_TRUE(CheckApps({app}).empty());
  app.add_executables("/*");
  EXPECT_THAT(Messages(CheckApps({app})), HasSubstr("apps[0].executables[1]"));
}

// The reader has untrusted input: whatever is cut off or changed ends in problems, never a crash.
TEST(LoadCatalogue, SurvivesCutAndChangedFiles) {
  const std::string whole = Read(kShipped / "mail.yaml").yaml;
  for (size_t at = 0; at < whole.size(); at += 37) {
    LoadCatalogue({{"cut", whole.substr(0, at)}});
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    const CatalogueResult result = LoadCatalogue({{"changed", changed}});
    for (const auto& problem : result.problems) EXPECT_FALSE(problem.code().empty());
  }
}

}  // namespace
}  // namespace shoumi::rules
