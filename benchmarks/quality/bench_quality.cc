// Q1 and Q2: recall and precision of every shipped detector over generated documents, and markings
// in a folder of policies that must have none. Files go through extraction as in the agent.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/inspect/extract/extract.h"
#include "benchmarks/quality/cases.h"
#include "fmt/format.h"
#include "rules/engine/database.h"
#include "rules/engine/scanner.h"

namespace shoumi::benchmarks {
namespace {

constexpr double kRecallMin = 0.99;
constexpr double kPrecisionMin = 0.98;
constexpr double kMarkingRecallMin = 0.98;
constexpr const char* kMarking = "marking.classification";
constexpr const char* kToday = "2026-11-24";

// Feeds the scanner and keeps the text of every part, so that matches can be looked up.
class ScanningSink final : public inspect::PartSink {
 public:
  explicit ScanningSink(rules::Scanner& scanner) : scanner_(scanner) {}
  void BeginPart(std::string_view part, v1::PartKind kind) override {
    part_ = std::string(part);
    scanner_.BeginPart(part, kind);
  }
  void Text(std::string_view utf8) override {
    texts_[part_].append(utf8);
    scanner_.Block(utf8);
  }
  void EndPart() override { scanner_.EndPart(); }
  void Unscanned(std::string_view part, v1::UnscannedReason reason,
                 std::string_view detail) override {
    gaps_ += fmt::format("{} {} {}; ", part, v1::UnscannedReason_Name(reason), detail);
  }
  [[nodiscard]] std::string TextOf(const v1::Match& match) const {
    const auto found = texts_.find(match.part());
    return found == texts_.end() || match.end() > found->second.size()
               ? std::string()
               : found->second.substr(match.start(), match.end() - match.start());
  }
  [[nodiscard]] std::string AllText() const {
    std::string all = gaps_;
    for (const auto& [part, text] : texts_) {
      all += fmt::format("[{}] {}\n", part, text);
    }
    return all;
  }

 private:
  rules::Scanner& scanner_;
  std::string part_;
  std::map<std::string, std::string> texts_;
  std::string gaps_;
};

struct Row {
  int positives = 0;
  int found = 0;
  int negatives = 0;
  int alarms = 0;     // on its own negatives
  int elsewhere = 0;  // on documents of other detectors, where it was not planted

  [[nodiscard]] double recall() const {
    return positives == 0 ? 0 : static_cast<double>(found) / positives;
  }
  [[nodiscard]] double precision() const {
    const int reported = found + alarms + elsewhere;
    return reported == 0 ? 0 : static_cast<double>(found) / reported;
  }
};

class Bench {
 public:
  Bench(rules::Scanner& scanner, int show) : scanner_(scanner), show_(show) {}

  void Run(const Case& tested) {
    ScanningSink sink(scanner_);
    rules::ScanOptions options;
    options.today = kToday;
    scanner_.Begin(options);
    if (tested.kind != v1::PART_KIND_UNSPECIFIED) {
      sink.BeginPart("part", tested.kind);
      sink.Text(tested.content);
      sink.EndPart();
    } else {
      const auto source = inspect::MakeMemorySource(tested.content);
      inspect::Context context(inspect::Limits(), sink,
                               std::chrono::steady_clock::now() + std::chrono::seconds(30));
      inspect::ExtractDocument(tested.file_name, *source, context);
    }
    Judge(tested, sink, scanner_.Finish());
  }

  // The rows that miss their target, after printing all.
  [[nodiscard]] int Print() const {
    int missed = 0;
    fmt::print("{:<24}{:>10}{:>8}{:>9}{:>11}{:>14}{:>11}\n", "detector", "positives", "found",
               "recall", "negatives", "false alarms", "precision");
    for (const auto& [rule, row] : rows_) {
      const double recall_min = rule == kMarking ? kMarkingRecallMin : kRecallMin;
      const bool ok = row.recall() >= recall_min && row.precision() >= kPrecisionMin;
      missed += ok ? 0 : 1;
      fmt::print("{:<24}{:>10}{:>8}{:>9.4f}{:>11}{:>14}{:>11.4f}{}\n", rule, row.positives,
                 row.found, row.recall(), row.negatives, row.alarms + row.elsewhere,
                 row.precision(), ok ? "" : "  below target");
    }
    return missed;
  }

 private:
  void Judge(const Case& tested, const ScanningSink& sink, const rules::ScanResult& result) {
    Row& row = rows_[tested.rule];
    (tested.positive ? row.positives : row.negatives) += 1;
    bool found = false;
    for (const v1::Finding& finding : result.findings) {
      if (finding.rule().starts_with("business.")) {
        continue;  // terms; their cases are those of the pack
      }
      if (finding.rule() == tested.rule && tested.positive) {
        found = found || IsPlanted(tested, sink, finding);
        if (IsPlanted(tested, sink, finding)) {
          continue;
        }
      }
      (finding.rule() == tested.rule ? row.alarms : rows_[finding.rule()].elsewhere) += 1;
      Show(finding.rule() + " alarm", tested, sink);
    }
    if (tested.positive && !found) {
      Show(tested.rule + " miss", tested, sink);
    }
    row.found += found ? 1 : 0;
  }

  // Every match is the planted value: a second, different match would be a false alarm.
  static bool IsPlanted(const Case& tested, const ScanningSink& sink, const v1::Finding& finding) {
    if (tested.rule == kMarking) {
      return v1::Level_Name(finding.marking().level()) == LevelName(tested.expected);
    }
    for (const v1::Match& match : finding.matches()) {
      if (!SameValue(sink.TextOf(match), tested.expected)) {
        return false;
      }
    }
    return finding.matches_size() > 0;
  }

  static std::string LevelName(const std::string& level) {
    return level == "top_secret" ? "LEVEL_TOP_SECRET"
           : level == "secret"   ? "LEVEL_SECRET"
                                 : "LEVEL_CONFIDENTIAL";
  }

  void Show(const std::string& what, const Case& tested, const ScanningSink& sink) {
    if (shown_[what]++ < show_) {
      fmt::print("--- {} ({} {} {})\n{}\n", what, tested.rule, tested.file_name, tested.expected,
                 sink.AllText());
    }
  }

  rules::Scanner& scanner_;
  const int show_;
  std::map<std::string, Row> rows_;
  std::map<std::string, int> shown_;
};

// Alarms of the marking detector on documents that only speak of markings; none without documents.
std::optional<int> CountPolicyAlarms(rules::Scanner& scanner, const std::string& folder) {
  int alarms = 0;
  int files = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::ifstream in(entry.path());
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    ScanningSink sink(scanner);
    rules::ScanOptions options;
    options.today = kToday;
    scanner.Begin(options);
    const auto source = inspect::MakeMemorySource(bytes);
    inspect::Context context(inspect::Limits(), sink,
                             std::chrono::steady_clock::now() + std::chrono::seconds(30));
    inspect::ExtractDocument(entry.path().filename().string(), *source, context);
    for (const v1::Finding& finding : scanner.Finish().findings) {
      if (finding.rule() == kMarking) {
        ++alarms;
        fmt::print("marking in {}\n", entry.path().filename().string());
      }
    }
    ++files;
  }
  if (files == 0) {
    fmt::print("policies: not measured, there is no file in {} (--policies DIR)\n", folder);
    return std::nullopt;
  }
  fmt::print("policies: {} files, {} markings\n", files, alarms);
  return alarms;
}

int Main(int argc, char** argv) {
  std::string packs_folder = SHOUMI_PACKS_DIR;
  std::string cases_file = SHOUMI_QUALITY_CASES;
  std::string policies = SHOUMI_POLICIES_DIR;
  int show = 0;
  CLI::App app("Recall and precision of the shipped detectors");
  app.add_option("--packs", packs_folder, "folder of packs");
  app.add_option("--cases", cases_file, "output of generate.py");
  const CLI::Option* const chosen =
      app.add_option("--policies", policies, "folder of texts without a marking");
  app.add_option("--show", show, "failing documents to print of each kind");
  CLI11_PARSE(app, argc, argv);

  const auto packs = rules::ReadPacks(packs_folder);
  if (!packs.ok()) {
    fmt::print(stderr, "{}\n", std::string(packs.status().message()));
    return 2;
  }
  const auto compiled = rules::Database::Compile(*packs);
  if (compiled.database == nullptr) {
    for (const v1::PackProblem& problem : compiled.problems) {
      fmt::print(stderr, "{}:{}: {} {}\n", problem.file(), problem.line(), problem.code(),
                 problem.message());
    }
    return 2;
  }
  auto scanner = rules::Scanner::Create(*compiled.database);
  const auto cases = ReadCases(cases_file);
  if (!scanner.ok() || !cases.ok()) {
    fmt::print(stderr, "{}\n",
               std::string(scanner.ok() ? cases.status().message() : scanner.status().message()));
    return 2;
  }
  Bench bench(**scanner, show);
  for (const Case& tested : *cases) {
    bench.Run(tested);
  }
  const int missed = bench.Print();
  const auto alarms = CountPolicyAlarms(**scanner, policies);
  if (!alarms && chosen->count() > 0) return 2;
  return missed == 0 && alarms.value_or(0) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace shoumi::benchmarks

int main(int argc, char** argv) {
  return shoumi::benchmarks::Main(argc, argv);
}
