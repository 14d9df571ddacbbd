// The cases of every pack below rules/packs, in the format of docs/PACKS.md.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "rules/engine/database.h"
#include "rules/engine/scanner.h"

namespace shoumi::rules {
namespace {

namespace fs = std::filesystem;

const fs::path kPacks = fs::path(SHOUMI_SOURCE_DIR) / "rules" / "packs";
constexpr const char* kToday = "2026-11-24";

std::string ReadText(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct CaseFile {
  std::string pack;
  std::string folder;  // match, clean, invalid
  fs::path path;
};

// What a failing test calls its parameter.
void PrintTo(const CaseFile& file, std::ostream* out) {
  *out << file.pack << '/' << file.folder << '/' << file.path.filename().string();
}

std::vector<CaseFile> CaseFiles() {
  std::vector<CaseFile> files;
  for (const auto& pack : fs::directory_iterator(kPacks)) {
    for (const char* folder : {"match", "clean", "invalid"}) {
      if (!fs::is_directory(pack.path() / folder)) {
        continue;
      }
      for (const auto& file : fs::directory_iterator(pack.path() / folder)) {
        files.push_back({pack.path().filename(), folder, file.path()});
      }
    }
  }
  std::sort(files.begin(), files.end(),
            [](const CaseFile& a, const CaseFile& b) { return a.path < b.path; });
  return files;
}

// One pack compiled alone: its cases say nothing about the others.
Scanner* ScannerOf(const std::string& pack) {
  struct Entry {
    std::shared_ptr<const Database> database;
    std::unique_ptr<Scanner> scanner;
  };
  static std::map<std::string, Entry> scanners;
  Entry& entry = scanners[pack];
  if (entry.scanner == nullptr) {
    const auto packs = ReadPacks((kPacks / pack).string());
    if (!packs.ok()) {
      return nullptr;
    }
    entry.database = Database::Compile(*packs).database;
    if (entry.database == nullptr) {
      return nullptr;
    }
    auto scanner = Scanner::Create(*entry.database);
    if (!scanner.ok()) {
      return nullptr;
    }
    entry.scanner = *std::move(scanner);
  }
  return entry.scanner.get();
}

v1::PartKind KindOf(const YAML::Node& part) {
  std::string name = "PART_KIND_" + part["kind"].as<std::string>("body");
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  v1::PartKind kind = v1::PART_KIND_UNSPECIFIED;
  EXPECT_TRUE(v1::PartKind_Parse(name, &kind)) << name;
  return kind;
}

struct Scanned {
  ScanResult result;
  std::map<std::string, std::string> texts;  // by part
};

Scanned Scan(Scanner& scanner, const YAML::Node& tested) {
  Scanned scanned;
  ScanOptions options;
  options.today = tested["today"].as<std::string>(kToday);
  options.explain = true;
  scanner.Begin(options);
  const auto feed = [&](const YAML::Node& part) {
    const std::string name = fmt::format("part{}", scanned.texts.size());
    const auto text = part["text"].as<std::string>();
    scanned.texts[name] = text;
    scanner.BeginPart(name, KindOf(part));
    scanner.Block(text);
    scanner.EndPart();
  };
  if (tested["named"]) {
    const YAML::Node& named = tested["named"];
    scanner.Named("part0", named["name"].as<std::string>(), named["media_type"].as<std::string>());
  } else if (tested["parts"]) {
    for (const YAML::Node& part : tested["parts"]) {
      feed(part);
    }
  } else {
    feed(tested);
  }
  scanned.result = scanner.Finish();
  return scanned;
}

std::string LevelOf(const v1::Finding& finding) {
  std::string name = v1::Level_Name(finding.level()).substr(sizeof("LEVEL_") - 1);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

void CheckFinding(const YAML::Node& wanted, const v1::Finding& finding, const Scanned& scanned) {
  if (wanted["count"]) {
    EXPECT_EQ(finding.count(), wanted["count"].as<uint32_t>());
  }
  if (wanted["distinct"]) {
    EXPECT_EQ(finding.distinct(), wanted["distinct"].as<uint32_t>());
  }
  if (wanted["level"]) {
    EXPECT_EQ(LevelOf(finding), wanted["level"].as<std::string>());
  }
  if (wanted["confidence_from"]) {
    EXPECT_GE(finding.confidence(), wanted["confidence_from"].as<uint32_t>());
  }
  if (wanted["matched"]) {
    std::vector<std::string> matched;
    for (const v1::Match& match : finding.matches()) {
      const std::string& text = scanned.texts.at(match.part());
      ASSERT_LE(match.end(), text.size());
      matched.push_back(text.substr(match.start(), match.end() - match.start()));
    }
    EXPECT_EQ(matched, wanted["matched"].as<std::vector<std::string>>());
  }
}

void CheckMatch(const YAML::Node& tested, const Scanned& scanned) {
  std::map<std::string, YAML::Node> wanted;
  for (const YAML::Node& item : tested["expect"]) {
    wanted[item["rule"].as<std::string>()] = item;
  }
  for (const v1::Finding& finding : scanned.result.findings) {
    const auto found = wanted.find(finding.rule());
    if (found == wanted.end()) {
      // A marking whose term is over is reported as such, and is no expectation.
      EXPECT_TRUE(finding.marking().expired()) << "also finds " << finding.rule();
      continue;
    }
    CheckFinding(found->second, finding, scanned);
    wanted.erase(found);
  }
  for (const auto& [rule, item] : wanted) {
    ADD_FAILURE() << "does not find " << rule;
  }
  EXPECT_EQ(scanned.result.declassified, tested["declassified"].as<bool>(false));
}

void CheckClean(const YAML::Node& tested, const Scanned& scanned) {
  for (const v1::Finding& finding : scanned.result.findings) {
    ADD_FAILURE() << "finds " << finding.rule();
  }
  if (!tested["why"]) {
    return;
  }
  const auto why = tested["why"].as<std::string>();
  std::string reasons;
  for (const v1::RejectedCandidate& rejected : scanned.result.rejected) {
    reasons += rejected.why() + " ";
  }
  EXPECT_NE(reasons.find(why + " "), std::string::npos) << "rejected as: " << reasons;
}

// "# expect: P103 line 7, P104 line 9"
void CheckInvalid(const CaseFile& file) {
  const std::string yaml = ReadText(file.path);
  const std::string first = yaml.substr(0, yaml.find('\n'));
  ASSERT_TRUE(first.starts_with("# expect: ")) << first;
  v1::Pack pack;
  pack.set_name(YAML::Load(yaml)["pack"].as<std::string>());
  pack.set_yaml(yaml);
  const Database::Result result = Database::Compile({pack});
  EXPECT_EQ(result.database, nullptr);
  std::string problems;
  for (const v1::PackProblem& problem : result.problems) {
    problems +=
        fmt::format("{}{} line {}", problems.empty() ? "" : ", ", problem.code(), problem.line());
  }
  EXPECT_EQ(problems, first.substr(sizeof("# expect: ") - 1));
}

class PackCases : public testing::TestWithParam<CaseFile> {};

TEST_P(PackCases, Hold) {
  const CaseFile& file = GetParam();
  if (file.folder == "invalid") {
    CheckInvalid(file);
    return;
  }
  Scanner* scanner = ScannerOf(file.pack);
  ASSERT_NE(scanner, nullptr) << file.pack << " does not compile";
  for (const YAML::Node& tested : YAML::Load(ReadText(file.path))) {
    SCOPED_TRACE(tested["name"].as<std::string>());
    const Scanned scanned = Scan(*scanner, tested);
    if (file.folder == "match") {
      CheckMatch(tested, scanned);
    } else {
      CheckClean(tested, scanned);
    }
  }
}

std::string CaseName(const testing::TestParamInfo<CaseFile>& info) {
  std::string name =
      info.param.pack + "_" + info.param.folder + "_" + info.param.path.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Shipped, PackCases, testing::ValuesIn(CaseFiles()), CaseName);

TEST(Packs, HaveCasesOfEveryKind) {
  std::map<std::string, int> kinds;
  for (const CaseFile& file : CaseFiles()) {
    ++kinds[file.pack + "/" + file.folder];
  }
  for (const auto& pack : fs::directory_iterator(kPacks)) {
    for (const char* folder : {"match", "clean", "invalid"}) {
      EXPECT_GT(kinds[pack.path().filename().string() + "/" + folder], 0) << pack.path();
    }
  }
}

}  // namespace
}  // namespace shoumi::rules
