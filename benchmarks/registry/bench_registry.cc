// T5: text scanned with a registry of clients against without, and the bytes of its index.
// Q4: rows planted in text found, and false alarms in text that has none.
// The ratio is the median over rounds that alternate what is compared, in one process.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/measure.h"
#include "benchmarks/registry/clients.h"
#include "benchmarks/row.h"
#include "benchmarks/rules/corpus.h"
#include "fmt/format.h"
#include "rules/engine/database.h"
#include "rules/engine/scanner.h"
#include "rules/engine/text/normalise.h"
#include "rules/registry/index_builder.h"
#include "rules/registry/matcher.h"

namespace shoumi::benchmarks {
namespace {

using registry::ColumnType;

constexpr uint64_t kFirstUnrelated = uint64_t{1} << 40;  // clients that no registry has

registry::Key KeyOfBenchmark() {
  registry::Key key;
  std::mt19937 random(7);
  for (uint8_t& byte : key.bytes) byte = static_cast<uint8_t>(random());
  return key;
}

// `numbers` are those that the rows have in the index.
absl::StatusOr<std::string> BuildIndex(uint64_t cells, std::vector<uint32_t>& numbers) {
  registry::IndexBuilder builder(KeyOfBenchmark());
  for (uint64_t row = 0; row < cells / kClientValues; ++row) {
    const Client client = ClientOf(row);
    absl::Status status = builder.AddRow(v1::LEVEL_SECRET);
    const std::pair<ColumnType, const std::string*> values[] = {
        {ColumnType::kName, &client.name},       {ColumnType::kCreditCode, &client.credit_code},
        {ColumnType::kPhone, &client.phone},     {ColumnType::kContact, &client.contact},
        {ColumnType::kAddress, &client.address}, {ColumnType::kAccount, &client.account}};
    uint8_t column = 0;
    for (const auto& [type, value] : values) status.Update(builder.AddCell(column++, type, *value));
    if (!status.ok()) return status;
  }
  auto bytes = builder.Finish();
  for (uint64_t row = 0; bytes.ok() && row < builder.counts().rows; ++row) {
    numbers.push_back(builder.NumberOf(row));
  }
  std::fprintf(stderr, "%lu rows, %lu values, %lu of them short, %lu in too many rows\n",
               builder.counts().rows, builder.counts().cells, builder.counts().short_cells,
               builder.counts().in_too_many_rows);
  return bytes;
}

// As the scanner cuts text: each stretch with the text around it.
void Match(registry::Matcher& matcher, std::string_view text) {
  constexpr size_t kStretchBytes = 192U << 10;
  constexpr size_t kLook = registry::Matcher::kLookBytes;
  const auto floor = [text](size_t at) {
    while (at < text.size() && at > 0 && (text[at] & 0xC0) == 0x80) --at;
    return std::min(at, text.size());
  };
  matcher.BeginPart();
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = floor(std::min(begin + kStretchBytes, text.size()));
    const size_t from = floor(begin > kLook ? begin - kLook : 0);
    const size_t to = floor(std::min(end + kLook, text.size()));
    matcher.Scan(
        {text.substr(from, to - from), from, begin - from, end - from, end == text.size()});
    begin = end;
  }
}

struct Setup {
  std::string packs = SHOUMI_PACKS_DIR;
  std::string documents;
  uint64_t cells = 10'000'000;
  size_t megabytes = 64;
  int rounds = 7;
  bool rows = false;
};

// Rows planted in ordinary text, each with `columns` of its values; the part that is found.
double Planted(const registry::Index& index, const std::vector<uint32_t>& numbers,
               const std::string& office) {
  constexpr size_t kPlanted = 2000;
  std::mt19937_64 random(11);
  std::string text;
  std::vector<uint32_t> wanted;
  size_t at = 0;
  for (size_t i = 0; i < kPlanted; ++i) {
    size_t next = at + 700 + random() % 700;
    while ((office[next] & 0xC0) == 0x80) ++next;
    text += std::string_view(office).substr(at, next - at);
    at = next;
    const auto row = static_cast<uint32_t>(random() % numbers.size());
    const Client client = ClientOf(row);
    const std::string* values[] = {&client.name,    &client.credit_code, &client.phone,
                                   &client.contact, &client.address,     &client.account};
    // One that is looked for by itself, and any other.
    constexpr size_t kOwn[] = {0, 1, 2, 4, 5};
    const size_t first = kOwn[random() % std::size(kOwn)];
    const size_t second = (first + 1 + random() % 5) % 6;
    text += fmt::format("\n{}，{}\n", *values[first], *values[second]);
    wanted.push_back(numbers[row]);
  }
  text = rules::NormaliseText(text);
  std::vector<uint32_t> found;
  registry::Matcher matcher(
      index, {{.columns_min = 2, .within_chars = 200}},
      [&found](const registry::RowMatch& match) { found.push_back(match.row); });
  Match(matcher, text);
  std::sort(found.begin(), found.end());
  const auto hits = std::count_if(wanted.begin(), wanted.end(), [&found](uint32_t row) {
    return std::binary_search(found.begin(), found.end(), row);
  });
  return static_cast<double>(hits) / kPlanted;
}

int Run(const Setup& setup) {
  std::string bytes;
  std::vector<uint32_t> numbers;
  const double built = Seconds([&] {
    if (auto index = BuildIndex(setup.cells, numbers); index.ok()) bytes = *std::move(index);
  });
  const auto index = registry::Index::Open(bytes, KeyOfBenchmark());
  const auto packs = rules::ReadPacks(setup.packs);
  if (!index.ok() || !packs.ok()) {
    std::fprintf(stderr, "%s\n%s\n", index.status().ToString().c_str(),
                 packs.status().ToString().c_str());
    return 1;
  }
  const auto compiled = rules::Database::Compile(*packs);
  if (compiled.database == nullptr) return 1;
  OfficeOptions options;
  options.bytes = setup.megabytes << 20;
  if (!setup.documents.empty()) options.documents = ReadDocuments(setup.documents);
  const std::string office = OfficeText(options);
  const std::string normalised = rules::NormaliseText(office);
  const auto scanner = rules::Scanner::Create(*compiled.database);
  if (!scanner.ok()) return 1;
  uint64_t alarms_one = 0;
  uint64_t alarms_two = 0;
  registry::Matcher matcher(
      *index, {{.columns_min = 1}, {.columns_min = 2}},
      [&](const registry::RowMatch& match) { ++(match.rule == 0 ? alarms_one : alarms_two); });
  const auto scan = [&] {
    (*scanner)->Begin({.today = "2026-11-26"});
    (*scanner)->BeginPart("", v1::PART_KIND_BODY);
    (*scanner)->Block(office);
    (*scanner)->EndPart();
    (*scanner)->Finish();
  };
  std::vector<double> ratios;
  std::vector<double> match_rates;
  for (int round = 0; round < setup.rounds; ++round) {
    const double alone = Seconds(scan);
    const double match = Seconds([&] { Match(matcher, normalised); });
    ratios.push_back((alone + match) / alone);
    match_rates.push_back(static_cast<double>(normalised.size()) / match / 1e9);
  }
  const double mebibytes = static_cast<double>(bytes.size()) / (1U << 20);
  const double planted = Planted(*index, numbers, office);
  const double gigabytes =
      static_cast<double>(normalised.size()) * setup.rounds / static_cast<double>(1U << 30);
  if (!setup.rows) {
    fmt::print("index of {} values, built in {:.1f} s; the matcher alone {:.2f} GB/s\n",
               index->records(), built, Median(match_rates));
  }
  constexpr double kMebibytesMax = 128;
  constexpr double kRatioMax = 1.3;
  const Report report(setup.rows);
  report.Print({"T5", fmt::format("index of {} registry values", setup.cells),
                fmt::format("{:.1f} MiB", mebibytes), "<= 128 MiB", mebibytes <= kMebibytesMax});
  report.Print({"T5", "text scanned with it, of the scan without",
                fmt::format("{:.2f}", Median(ratios)), "<= 1.3", Median(ratios) <= kRatioMax});
  report.Print(
      {"Q4", "planted rows found in text", fmt::format("{:.4f}", planted), "1", planted == 1});
  report.Print({"Q4", fmt::format("false alarms of two columns in {:.2f} GiB", gigabytes),
                fmt::format("{} (of one value: {})", alarms_two, alarms_one), "<= 1 in 1 GB",
                static_cast<double>(alarms_two) <= gigabytes});
  return 0;
}

}  // namespace
}  // namespace shoumi::benchmarks

int main(int argc, char** argv) {
  shoumi::benchmarks::Setup setup;
  CLI::App app("Measures the registry of clients: targets T5 and Q4");
  app.add_option("--packs", setup.packs, "Folder of packs");
  app.add_option("--documents", setup.documents, "Folder of texts to mix in");
  app.add_option("--cells", setup.cells, "Values of the registry");
  app.add_option("--megabytes", setup.megabytes, "Text to scan");
  app.add_option("--rounds", setup.rounds, "Rounds of each measurement");
  app.add_flag("--rows", setup.rows, "Rows for run.sh");
  CLI11_PARSE(app, argc, argv);
  return shoumi::benchmarks::Run(setup);
}
