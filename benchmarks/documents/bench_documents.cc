// Q5: pages copied from registered documents, in part and edited, found in others; and false alarms
// in documents that have nothing of them. What the collection costs a scan, in the same process.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/documents/prose.h"
#include "benchmarks/measure.h"
#include "benchmarks/row.h"
#include "benchmarks/rules/corpus.h"
#include "fmt/format.h"
#include "rules/documents/collection.h"
#include "rules/documents/fingerprinter.h"
#include "rules/engine/database.h"
#include "rules/engine/scanner.h"

namespace shoumi::benchmarks {
namespace {

constexpr size_t kPageUnits = 600;
constexpr char kPack[] =
    "pack: q5\nversion: 1\ndetectors:\n  - id: q5.copied\n    title: {zh: a, en: b}\n"
    "    documents: registered\n";

struct Setup {
  std::string documents;  // real ones, a file each
  size_t registered = 2000;
  size_t pages = 6;  // of each
  size_t trials = 400;
  size_t megabytes = 32;
  bool rows = false;
};

class Registered {
 public:
  explicit Registered(const std::vector<std::string>& texts) {
    documents::Key key;
    key.bytes.fill(9);
    documents::IndexBuilder builder(v1::COLLECTION_KIND_PROTECTED, key);
    documents::Fingerprinter fingerprinter(v1::COLLECTION_KIND_PROTECTED);
    for (const std::string& text : texts) {
      fingerprinter.BeginPart(v1::PART_KIND_BODY);
      ok_ &= fingerprinter.Text(text).ok() && fingerprinter.EndPart().ok();
      const uint64_t units = fingerprinter.units();
      units_ += units;
      ok_ &= builder.Add(units, fingerprinter.Finish()).ok();
    }
    const std::string bytes = builder.Finish();
    counts_ = builder.counts();
    index_.resize(bytes.size() / 8 + 1);
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(index_.data()));
    bytes_ = bytes.size();
    v1::DocumentIndex head;
    head.set_name("registered");
    head.set_kind(v1::COLLECTION_KIND_PROTECTED);
    head.set_key(std::string(32, '\x09'));
    auto opened = documents::Collection::Open(
        head, {reinterpret_cast<const char*>(index_.data()), bytes.size()});
    ok_ &= opened.ok();
    if (opened.ok()) collections_.push_back(*opened);
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] const documents::Collections& collections() const { return collections_; }
  [[nodiscard]] uint64_t units() const { return units_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  [[nodiscard]] const documents::IndexBuilder::Counts& counts() const { return counts_; }

 private:
  bool ok_ = true;
  uint64_t units_ = 0;
  uint64_t bytes_ = 0;
  std::vector<uint64_t> index_;
  documents::IndexBuilder::Counts counts_;
  documents::Collections collections_;
};

rules::ScanResult Scan(rules::Scanner& scanner, const std::string& text) {
  scanner.Begin({.today = "2026-11-27"});
  scanner.BeginPart("body", v1::PART_KIND_BODY);
  scanner.Block(text);
  scanner.EndPart();
  return scanner.Finish();
}

// Whether document `number` is the one that is named first.
bool Finds(rules::Scanner& scanner, const std::string& text, size_t number) {
  const rules::ScanResult result = Scan(scanner, text);
  return !result.findings.empty() && result.findings[0].documents_size() > 0 &&
         result.findings[0].documents(0).number() == number;
}

// The part of so many trials in which a stretch of a page is found in another document.
double Found(rules::Scanner& scanner, const std::vector<std::string>& texts, double overlap,
             size_t one_in, size_t trials) {
  std::mt19937_64 random(17);
  size_t found = 0;
  for (size_t trial = 0; trial < trials; ++trial) {
    const size_t number = random() % texts.size();
    const std::vector<std::string> units = UnitsOf(texts[number]);
    const auto size = static_cast<size_t>(overlap * kPageUnits);
    if (units.size() <= size) continue;
    const auto from = static_cast<std::ptrdiff_t>(random() % (units.size() - size));
    const std::vector<std::string> stretch(
        units.begin() + from, units.begin() + from + static_cast<std::ptrdiff_t>(size));
    const bool english = trial % 2 == 1;
    const std::string text = Prose(1'000'000 + trial, kPageUnits / 2, english) + "\n" +
                             Edited(stretch, one_in, random) + "\n" +
                             Prose(2'000'000 + trial, kPageUnits / 2, english);
    found += Finds(scanner, text, number + 1) ? 1 : 0;
  }
  return static_cast<double>(found) / static_cast<double>(trials);
}

std::vector<std::string> Texts(const Setup& setup) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < setup.registered; ++i) {
    texts.push_back(Prose(i + 1, setup.pages * kPageUnits, i % 2 == 1));
  }
  return texts;
}

// Pairs of different real documents of which one is found in the other: (pairs, documents).
std::pair<size_t, size_t> RealAlarms(const rules::Database& database,
                                     const std::vector<std::string>& real) {
  std::vector<std::string> half;
  for (size_t i = 0; i < real.size(); i += 2) half.push_back(real[i]);
  const Registered registered(half);
  const auto scanner = rules::Scanner::Create(database, {}, registered.collections());
  if (!scanner.ok()) return {0, 0};
  size_t alarms = 0;
  size_t scanned = 0;
  for (size_t i = 1; i < real.size(); i += 2) {
    ++scanned;
    alarms += Scan(**scanner, real[i]).findings.empty() ? 0 : 1;
  }
  return {alarms, scanned};
}

int Run(const Setup& setup) {
  v1::Pack pack;
  pack.set_name("q5");
  pack.set_yaml(kPack);
  const auto compiled = rules::Database::Compile({pack});
  const auto shipped = rules::ReadPacks(SHOUMI_PACKS_DIR);
  if (compiled.database == nullptr || !shipped.ok()) return 1;
  const std::vector<std::string> texts = Texts(setup);
  std::unique_ptr<Registered> registered;
  const double built = Seconds([&] { registered = std::make_unique<Registered>(texts); });
  const auto scanner = rules::Scanner::Create(*compiled.database, {}, registered->collections());
  if (!registered->ok() || !scanner.ok()) return 1;
  fmt::print(stderr, "{} documents of {} units: {} fingerprints, {:.1f} MiB, made in {:.1f} s\n",
             texts.size(), registered->units(), registered->counts().fingerprints,
             static_cast<double>(registered->bytes()) / (1 << 20), built);

  const Report report(setup.rows);
  for (const auto& [overlap, one_in] : {std::pair{0.1, 0},
                                        {0.2, 0},
                                        {0.3, 0},
                                        {0.1, 30},
                                        {0.2, 30},
                                        {0.3, 30},
                                        {0.5, 30},
                                        {0.3, 20},
                                        {0.5, 20},
                                        {1.0, 20},
                                        {1.0, 10}}) {
    const double found =
        Found(**scanner, texts, overlap, static_cast<size_t>(one_in), setup.trials);
    fmt::print(stderr, "{:3.0f} % of a page, {}: {:.4f} found\n", overlap * 100,
               one_in == 0 ? "as it is" : fmt::format("one of {} units edited", one_in), found);
    if (overlap == 0.3 && one_in == 30) {
      report.Print({"Q5", "30 % of a page, 1 of 30 units edited: found",
                    fmt::format("{:.4f}", found), "all", found >= 0.995});
    }
  }
  size_t alarms = 0;
  for (size_t i = 0; i < setup.trials; ++i) {
    alarms += Scan(**scanner, Prose(3'000'000 + i, 5 * kPageUnits, i % 2 == 1)).findings.size();
  }
  report.Print({"Q5", fmt::format("alarms in {} unrelated documents", setup.trials),
                fmt::format("{}", alarms), "0", alarms == 0});
  if (!setup.documents.empty()) {
    const auto [real, scanned] = RealAlarms(*compiled.database, ReadDocuments(setup.documents));
    fmt::print(stderr, "real documents: {} of {} have text of one of the other half\n", real,
               scanned);
  }

  // What a collection costs the shipped packs.
  std::vector<v1::Pack> packs = *shipped;
  packs.push_back(pack);
  const auto all = rules::Database::Compile(packs);
  if (all.database == nullptr) return 1;
  const auto with = rules::Scanner::Create(*all.database, {}, registered->collections());
  const auto without = rules::Scanner::Create(*all.database);
  if (!with.ok() || !without.ok()) return 1;
  OfficeOptions office;
  office.bytes = setup.megabytes << 20;
  const std::string text = OfficeText(office);
  std::vector<double> ratios;
  for (int round = 0; round < 5; ++round) {
    const double bare = Seconds([&] { Scan(**without, text); });
    const double whole = Seconds([&] { Scan(**with, text); });
    ratios.push_back(whole / bare);
    fmt::print(stderr, "{:.0f} MB/s with, {:.0f} without\n",
               static_cast<double>(text.size()) / whole / 1e6,
               static_cast<double>(text.size()) / bare / 1e6);
  }
  report.Print({"Q5", "scan with a collection against without",
                fmt::format("× {:.2f}", Median(ratios)), "none set", true});
  return 0;
}

}  // namespace
}  // namespace shoumi::benchmarks

int main(int argc, char** argv) {
  CLI::App app("Registered documents: what is found of a copied page, and what it costs.");
  shoumi::benchmarks::Setup setup;
  app.add_option("--documents", setup.documents,
                 "folder of real texts: half are registered, the others scanned");
  app.add_option("--registered", setup.registered, "documents in the collection");
  app.add_option("--trials", setup.trials, "pages for each line")->check(CLI::Range(1, 100'000));
  app.add_option("--megabytes", setup.megabytes, "text that is scanned for the speed");
  app.add_flag("--rows", setup.rows, "tab-separated rows for run.sh");
  CLI11_PARSE(app, argc, argv);
  return shoumi::benchmarks::Run(setup);
}
