// T1: text to findings against bare hs_scan of the same database over the same bytes.
// T3: dense text against T1's rate, and the time for twice the input.
// Every ratio is the median over rounds that alternate what is compared, in one process.
#include <fcntl.h>
#include <hs/hs.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/rules/corpus.h"
#include "common/fd.h"
#include "fmt/format.h"
#include "rules/engine/compiled_rules.h"
#include "rules/engine/database.h"
#include "rules/engine/normalise.h"
#include "rules/engine/scanner.h"

namespace shoumi::benchmarks {
namespace {

constexpr size_t kBlockBytes = 64U << 10;

struct Setup {
  std::string packs;
  std::string policies;
  std::string dump;  // writes the office text here and stops
  size_t megabytes = 64;
  int rounds = 7;
  bool stages = false;
  std::string only;  // "office" or "dense": just scan it, for a profiler
};

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::vector<std::string> ReadDocuments(const std::string& dir) {
  std::vector<std::string> documents;
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    auto text = ReadFile(path, 1U << 20);
    if (text.ok()) documents.push_back(*std::move(text));
  }
  return documents;
}

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

  double Full(const std::string& text) {
    return Seconds([&] {
      rules::ScanOptions options;
      options.today = "2026-11-24";
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

void Run(const Setup& setup, Bench& bench, const std::string& office) {
  const double office_gb = static_cast<double>(office.size()) / 1e9;
  const std::string dense = DenseCsv(office.size() / 4, 2);
  const std::string dense_twice = DenseCsv(office.size() / 2, 2);
  std::vector<double> bare, full, ratio, dense_rate, growth;
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
    growth.push_back(bench.Full(dense_twice) / dense_s);
  }
  bench.Full(office);
  fmt::print("office text: {} bytes, {} bare matches\n", office.size(), bench.matches());
  PrintFindings(bench.result());
  fmt::print("T1 bare hs_scan            {:6.2f} GB/s   target >= 1.50\n", Median(bare));
  fmt::print("T1 text to findings        {:6.2f} GB/s\n", Median(full));
  fmt::print("T1 findings / bare         {:6.2f}        target >= 0.60\n", Median(ratio));
  bench.Full(dense);
  fmt::print("dense text: {} bytes\n", dense.size());
  PrintFindings(bench.result());
  fmt::print("T3 dense / office rate     {:6.2f}        target >= 0.15\n", Median(dense_rate));
  fmt::print("T3 time for twice the text {:6.2f}        target <= 2.20\n", Median(growth));
  if (setup.stages) {
    std::vector<double> normalise;
    normalise.reserve(static_cast<size_t>(setup.rounds));
    for (int round = 0; round < setup.rounds; ++round) {
      normalise.push_back(office_gb / bench.NormaliseOnly(office));
    }
    fmt::print("stage: normalise alone     {:6.2f} GB/s\n", Median(normalise));
  }
}

int Main(int argc, char** argv) {
  Setup setup;
  setup.packs = SHOUMI_PACKS_DIR;
  CLI::App app("Measures the rules engine: targets T1 and T3");
  app.add_option("--packs", setup.packs, "folder of packs");
  app.add_option("--documents", setup.policies, "folder of texts to mix in");
  app.add_option("--megabytes", setup.megabytes, "size of the office text");
  app.add_option("--rounds", setup.rounds, "rounds to take the median of");
  app.add_option("--dump", setup.dump, "write the office text to this file and stop");
  app.add_option("--only", setup.only, "just scan one text, for a profiler")
      ->check(CLI::IsMember({"office", "dense"}));
  app.add_flag("--stages", setup.stages, "also time normalisation alone");
  CLI11_PARSE(app, argc, argv);
  OfficeOptions options;
  options.bytes = setup.megabytes << 20;
  if (!setup.policies.empty()) options.documents = ReadDocuments(setup.policies);
  const std::string office = OfficeText(options);
  if (!setup.dump.empty()) {
    return ReplaceFile(setup.dump, office, 0644).ok() ? 0 : 1;
  }
  const auto packs = rules::ReadPacks(setup.packs);
  if (!packs.ok()) {
    fmt::print(stderr, "{}\n", std::string(packs.status().message()));
    return 1;
  }
  const auto compiled = rules::Database::Compile(*packs);
  for (const v1::PackProblem& problem : compiled.problems) {
    fmt::print(stderr, "{}:{}: {} {}\n", problem.file(), problem.line(), problem.code(),
               problem.message());
  }
  if (compiled.database == nullptr) return 1;
  auto scanner = rules::Scanner::Create(*compiled.database);
  if (!scanner.ok()) return 1;
  fmt::print("database: {} detectors, {} expressions, {} bytes\n",
             compiled.database->DetectorIds().size(),
             compiled.database->rules().anchors.size() + compiled.database->rules().terms.size(),
             compiled.database->SizeBytes());
  Bench bench(*compiled.database, **scanner);
  if (setup.only.empty()) {
    Run(setup, bench, office);
    return 0;
  }
  const std::string dense = DenseCsv(office.size() / 4, 2);
  const std::string& text = setup.only == "office" ? office : dense;
  for (int round = 0; round < setup.rounds; ++round) {
    fmt::print("{:.2f} GB/s\n", static_cast<double>(text.size()) / 1e9 / bench.Full(text));
  }
  return 0;
}

}  // namespace
}  // namespace shoumi::benchmarks

int main(int argc, char** argv) {
  try {
    return shoumi::benchmarks::Main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_rules: {}\n", error.what());
    return 1;
  }
}
