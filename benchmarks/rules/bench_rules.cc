// T1: text to findings against bare hs_scan of the same database over the same bytes.
// T4: a dictionary of 10,000 entries against one of 100.
// T3: dense text against T1's rate, and the time for twice the input.
// Every ratio is the median over rounds that alternate what is compared, in one process.
#include <fcntl.h>
#include <hs/hs.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/measure.h"
#include "benchmarks/row.h"
#include "benchmarks/rules/corpus.h"
#include "common/fd.h"
#include "fmt/format.h"
#include "rules/engine/compiled_rules.h"
#include "rules/engine/database.h"
#include "rules/engine/scanner.h"
#include "rules/engine/text/normalise.h"
#include "rules/registry/hashing.h"

namespace shoumi::benchmarks {
namespace {

constexpr size_t kBlockBytes = 64U << 10;

struct Setup {
  std::string packs;
  std::string documents;       // folder of texts to mix in
  std::string dump;            // writes the office text here and stops
  std::string write_patterns;  // writes the packs' expressions here and stops
  std::string input;           // instead of the generated office text
  size_t megabytes = 64;
  int rounds = 7;
  bool stages = false;
  bool rows = false;
  std::string only;  // "office" or "dense": just scan it, for a profiler
};

class Bench {
 public:
  Bench(const rules::Database& database, rules::Scanner& scanner)
      : database_(database), scanner_(scanner) {
    hs_alloc_scratch(database.rules().patterns->get(), &scratch_);
  }
  ~Bench() { hs_free_scratch(scratch_); }

  // The whole text in one call, as bare as it gets; counts matches so that the work is not elided.
  double Bare(const std::string& text) {
    matches_ = 0;
    return Seconds([&] {
      hs_scan(
          database_.rules().patterns->get(), text.data(), static_cast<unsigned>(text.size()), 0,
          scratch_,
          [](unsigned, unsigned long long, unsigned long long, unsigned, void* context) {
            ++*static_cast<uint64_t*>(context);
            return 0;
          },
          &matches_);
    });
  }

  double Full(const std::string& text, const std::optional<registry::SipKey>& value_key = {}) {
    return Seconds([&] {
      rules::ScanOptions options;
      options.today = "2026-11-24";
      options.value_key = value_key;
      scanner_.Begin(options);
      scanner_.BeginPart("body", v1::PART_KIND_BODY);
      for (size_t at = 0; at < text.size();) {
        size_t end = std::min(at + kBlockBytes, text.size());
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
        scanner_.Block(std::string_view(text).substr(at, end - at));
        at = end;
      }
      scanner_.EndPart();
      result_ = scanner_.Finish();
    });
  }

  double NormaliseOnly(const std::string& text) {
    std::string out(kBlockBytes + 4, '\0');
    rules::OffsetMap map;
    return Seconds([&] {
      for (size_t at = 0; at < text.size();) {
        size_t end = std::min(at + kBlockBytes, text.size());
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
        map.Reset(0, at);
        rules::Normalise(std::string_view(text).substr(at, end - at), out.data(), 0, at, map);
        at = end;
      }
    });
  }

  [[nodiscard]] uint64_t matches() const { return matches_; }
  [[nodiscard]] const rules::ScanResult& result() const { return result_; }

 private:
  const rules::Database& database_;
  rules::Scanner& scanner_;
  hs_scratch_t* scratch_ = nullptr;
  uint64_t matches_ = 0;
  rules::ScanResult result_;
};

void PrintFindings(const rules::ScanResult& result) {
  for (const v1::Finding& finding : result.findings) {
    fmt::print("    {:<24} count {:>8}  distinct {:>8}\n", finding.rule(), finding.count(),
               finding.distinct());
  }
}

std::string Rate(double gb_per_s) {
  return fmt::format("{:.2f} GB/s", gb_per_s);
}

std::string Ratio(double ratio) {
  return fmt::format("{:.2f}", ratio);
}

void Run(const Setup& setup, Bench& bench, const std::string& office) {
  constexpr double kBareMin = 1.5;  // GB/s
  constexpr double kFindingsMin = 0.6;
  constexpr double kDenseMin = 0.15;
  constexpr double kGrowthMax = 2.2;
  const double office_gb = static_cast<double>(office.size()) / 1e9;
  const std::string dense = DenseCsv(office.size() / 4, 2);
  const std::string dense_twice = DenseCsv(office.size() / 2, 2);
  std::vector<double> bare, full, ratio, dense_rate, dense_bare_rate, growth;
  bench.Bare(office);
  bench.Full(office);
  for (int round = 0; round < setup.rounds; ++round) {
    const double bare_s = bench.Bare(office);
    const double full_s = bench.Full(office);
    bare.push_back(office_gb / bare_s);
    full.push_back(office_gb / full_s);
    ratio.push_back(bare_s / full_s);
    const double dense_s = bench.Full(dense);
    dense_rate.push_back(static_cast<double>(dense.size()) / 1e9 / dense_s / (office_gb / full_s));
    dense_bare_rate.push_back(static_cast<double>(dense.size()) / 1e9 / bench.Bare(dense) /
                              (office_gb / full_s));
    growth.push_back(bench.Full(dense_twice) / dense_s);
  }
  if (!setup.rows) {
    bench.Bare(office);
    bench.Full(office);
    fmt::print("office text: {} bytes, {} bare matches\n", office.size(), bench.matches());
    PrintFindings(bench.result());
    bench.Full(dense);
    fmt::print("dense text: {} bytes\n", dense.size());
    PrintFindings(bench.result());
    fmt::print("text to findings: {:.2f} GB/s\n", Median(full));
  }
  const Report report(setup.rows);
  if (!setup.rows) {
    fmt::print("bare hs_scan of the dense text, of the rate on office text: {:.2f}\n",
               Median(dense_bare_rate));
  }
  report.Print({"T1", "bare hs_scan of the shipped packs", Rate(Median(bare)), ">= 1.5 GB/s",
                Median(bare) >= kBareMin});
  report.Print({"T1", "text to findings, of bare hs_scan", Ratio(Median(ratio)), ">= 0.6",
                Median(ratio) >= kFindingsMin});
  report.Print({"T3", "dense CSV, of the rate on office text", Ratio(Median(dense_rate)), ">= 0.15",
                Median(dense_rate) >= kDenseMin});
  report.Print({"T3", "time for twice the dense CSV", Ratio(Median(growth)), "<= 2.2",
                Median(growth) <= kGrowthMax});
  if (setup.stages) {
    std::vector<double> normalise;
    normalise.reserve(static_cast<size_t>(setup.rounds));
    for (int round = 0; round < setup.rounds; ++round) {
      normalise.push_back(office_gb / bench.NormaliseOnly(office));
    }
    fmt::print("stage: normalise alone {:.2f} GB/s\n", Median(normalise));
    for (const auto& [what, text] : {std::pair("office text", &office), {"dense CSV", &dense}}) {
      std::vector<double> keyed;
      for (int round = 0; round < setup.rounds; ++round) {
        const double with = bench.Full(*text, registry::SipKey{1});
        keyed.push_back(with / bench.Full(*text));
      }
      fmt::print("stage: {} with value keys, of the time without: {:.2f}\n", what, Median(keyed));
    }
  }
}

// One expression a line, as programs of the kind of grep take them.
std::string PatternLines(const rules::CompiledRules& rules) {
  std::set<std::string> lines;
  for (const rules::Detector& detector : rules.detectors) {
    for (const rules::Pattern& pattern : detector.patterns) {
      lines.insert(pattern.caseless ? "(?i:" + pattern.regex + ")" : pattern.regex);
    }
    for (const rules::Term& term : detector.terms) {
      std::string literal;
      for (const char c : term.text) {
        if (std::string_view(R"(.^$|()[]{}*+?\)").find(c) != std::string_view::npos)
          literal += '\\';
        literal += c;
      }
      lines.insert("(?i:" + literal + ")");
    }
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

absl::StatusOr<std::string> OfficeBytes(const Setup& setup) {
  if (!setup.input.empty()) return ReadFile(setup.input, 1U << 30);
  OfficeOptions options;
  options.bytes = setup.megabytes << 20;
  if (!setup.documents.empty()) options.documents = ReadDocuments(setup.documents);
  return OfficeText(options);
}

// Null after saying why.
std::shared_ptr<const rules::Database> Compile(const std::string& folder) {
  const auto packs = rules::ReadPacks(folder);
  if (!packs.ok()) {
    fmt::print(stderr, "bench_rules: {}\n", std::string(packs.status().message()));
    return nullptr;
  }
  auto compiled = rules::Database::Compile(*packs);
  for (const v1::PackProblem& problem : compiled.problems) {
    fmt::print(stderr, "{}:{}: {} {}\n", problem.file(), problem.line(), problem.code(),
               problem.message());
  }
  return compiled.database;
}

// A pack of one dictionary, of names as projects, products and customers have them: three to eight
// characters that the text uses, each name once.
v1::Pack DictionaryPack(size_t terms, const std::string& text) {
  std::set<std::string> characters;
  for (size_t at = 0; at + 3 <= text.size() && at < (1U << 20); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xF0U) == 0xE0U)
      characters.insert(text.substr(at, 3));
  }
  const std::vector<std::string> letters(characters.begin(), characters.end());
  std::mt19937 random(4);
  std::set<std::string> names;
  while (names.size() < terms) {
    std::string name;
    for (size_t i = 3 + random() % 6; i > 0; --i) name += letters[random() % letters.size()];
    names.insert(name);
  }
  std::string yaml =
      "pack: dictionary\nversion: 1\ndetectors:\n  - id: test.dictionary\n    title: {zh: 词典, "
      "en: "
      "Dictionary}\n    level: none\n    within_chars: 200\n    score_min: 10\n    distinct_min: "
      "3\n"
      "    terms:\n";
  for (const std::string& name : names) yaml += "      - {text: " + name + ", weight: 5}\n";
  v1::Pack pack;
  pack.set_name("dictionary");
  pack.set_yaml(yaml);
  return pack;
}

absl::Status MeasureDictionaries(const Setup& setup, std::vector<v1::Pack> packs,
                                 const std::string& office) {
  constexpr size_t kFew = 100;
  constexpr size_t kMany = 10'000;
  constexpr double kMost = 1.5;
  std::vector<std::shared_ptr<const rules::Database>> databases;
  std::vector<std::unique_ptr<rules::Scanner>> scanners;
  std::vector<std::unique_ptr<Bench>> benches;
  packs.emplace_back();
  for (const size_t terms : {kFew, kMany}) {
    packs.back() = DictionaryPack(terms, office);
    auto compiled = rules::Database::Compile(packs);
    if (compiled.database == nullptr) return absl::InternalError("the dictionary does not compile");
    databases.push_back(compiled.database);
    auto scanner = rules::Scanner::Create(*compiled.database);
    if (!scanner.ok()) return scanner.status();
    scanners.push_back(*std::move(scanner));
    benches.push_back(std::make_unique<Bench>(*databases.back(), *scanners.back()));
    benches.back()->Full(office);
  }
  std::vector<double> ratio;
  for (int round = 0; round < setup.rounds; ++round) {
    const double few = benches[0]->Full(office);
    const double many = benches[1]->Full(office);
    ratio.push_back(many / few);
    if (!setup.rows) {
      fmt::print("100 and 10,000 entries: {:.2f} and {:.2f} GB/s\n",
                 static_cast<double>(office.size()) / 1e9 / few,
                 static_cast<double>(office.size()) / 1e9 / many);
    }
  }
  Report(setup.rows)
      .Print({"T4", "10,000 dictionary entries, of the time with 100", Ratio(Median(ratio)),
              "<= 1.5", Median(ratio) <= kMost});
  return absl::OkStatus();
}

absl::Status Work(const Setup& setup) {
  const auto office = OfficeBytes(setup);
  if (!office.ok()) return office.status();
  if (!setup.dump.empty()) return ReplaceFile(setup.dump, *office, 0644);
  const auto database = Compile(setup.packs);
  if (database == nullptr) return absl::InvalidArgumentError("the packs do not compile");
  const rules::CompiledRules& rules = database->rules();
  if (!setup.write_patterns.empty()) {
    return ReplaceFile(setup.write_patterns, PatternLines(rules), 0644);
  }
  const auto scanner = rules::Scanner::Create(*database);
  if (!scanner.ok()) return scanner.status();
  Bench bench(*database, **scanner);
  if (setup.only.empty()) {
    if (!setup.rows) {
      fmt::print("database: {} detectors, {} expressions, {} bytes\n", rules.detectors.size(),
                 rules.anchors.size() + rules.terms.size(), database->SizeBytes());
    }
    Run(setup, bench, *office);
    const auto packs = rules::ReadPacks(setup.packs);
    if (!packs.ok()) return packs.status();
    return MeasureDictionaries(setup, *packs, *office);
  }
  const std::string& text = setup.only == "office" ? *office : DenseCsv(office->size() / 4, 2);
  for (int round = 0; round < setup.rounds; ++round) {
    fmt::print("{:.3f} GB/s\n", static_cast<double>(text.size()) / 1e9 / bench.Full(text));
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Setup setup;
  setup.packs = SHOUMI_PACKS_DIR;
  CLI::App app("Measures the rules engine: targets T1, T3 and T4");
  app.add_option("--packs", setup.packs, "folder of packs");
  app.add_option("--documents", setup.documents, "folder of texts to mix in");
  app.add_option("--megabytes", setup.megabytes, "size of the office text")
      ->check(CLI::Range(1, 1023));
  app.add_option("--input", setup.input, "file to scan instead of generated office text");
  app.add_option("--rounds", setup.rounds, "rounds to take the median of")
      ->check(CLI::Range(1, 1000));
  app.add_option("--dump", setup.dump, "write the office text to this file and stop");
  app.add_option("--write-patterns", setup.write_patterns,
                 "write the expressions of the packs to this file, one a line, and stop");
  app.add_option("--only", setup.only, "just scan one text and print the rate of each round")
      ->check(CLI::IsMember({"office", "dense"}));
  app.add_flag("--stages", setup.stages, "also time normalisation alone");
  app.add_flag("--rows", setup.rows, "one line of tab-separated fields a result");
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = Work(setup);
  if (!status.ok()) fmt::print(stderr, "bench_rules: {}\n", std::string(status.message()));
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace shoumi::benchmarks

int main(int argc, char** argv) {
  return shoumi::benchmarks::Main(argc, argv);
}
