// What an update of an index costs the agents that have the version before: messages against the
// whole, and the time to find out what changed.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/measure.h"
#include "benchmarks/registry/clients.h"
#include "fmt/format.h"
#include "rules/documents/index.h"
#include "rules/registry/index_builder.h"
#include "server/indexes/delta.h"
#include "shoumi/v1/agent_service.pb.h"

namespace shoumi::benchmarks {
namespace {

using registry::ColumnType;

constexpr size_t kChunkBytes = 64 << 10;  // as the server cuts data
constexpr uint64_t kFrameBytes = 5;       // of gRPC, around each message

// A table: which client stands in each row, and whether with another telephone.
struct Row {
  uint64_t client = 0;
  bool moved = false;
};
using Table = std::vector<Row>;

std::string IndexOf(const Table& table) {
  registry::IndexBuilder builder(registry::Key{});
  for (const Row& row : table) {
    Client client = ClientOf(row.client);
    if (row.moved) client.phone = ClientOf(row.client + (uint64_t{1} << 41)).phone;
    absl::Status status = builder.AddRow(v1::LEVEL_SECRET);
    const std::pair<ColumnType, const std::string*> values[] = {
        {ColumnType::kName, &client.name},       {ColumnType::kCreditCode, &client.credit_code},
        {ColumnType::kPhone, &client.phone},     {ColumnType::kContact, &client.contact},
        {ColumnType::kAddress, &client.address}, {ColumnType::kAccount, &client.account}};
    uint8_t column = 0;
    for (const auto& [type, value] : values) status.Update(builder.AddCell(column++, type, *value));
    if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  }
  return builder.Finish().value_or("");
}

uint64_t MessageBytes(const server::Delta& delta) {
  uint64_t bytes = 0;
  for (const server::Delta::Step& step : delta.steps) {
    for (uint64_t at = 0; at < step.bytes;) {
      v1::BlobChunk chunk;
      chunk.set_offset(step.offset + at);
      if (step.copied) {
        chunk.set_copy_offset(step.from);
        chunk.set_copy_bytes(step.bytes);
        at = step.bytes;
      } else {
        chunk.set_data(delta.data.substr(step.from + at, std::min(step.bytes - at, kChunkBytes)));
        at += chunk.data().size();
      }
      bytes += chunk.ByteSizeLong() + kFrameBytes;
    }
  }
  return bytes;
}

uint64_t PeakMebibytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) >> 10;
}

void Compare(std::string_view what, const std::string& base, const std::string& blob) {
  std::optional<server::Delta> delta;
  const double took = Seconds([&] {
    delta = server::MakeDelta(base, blob, {blob.size(), nullptr});
  });
  if (!delta) {
    fmt::print("{:<52} {:>9} bytes, no delta, {:.2f} s\n", what, blob.size(), took);
    return;
  }
  const uint64_t bytes = MessageBytes(*delta);
  fmt::print("{:<52} {:>9} of {:>9} bytes ({:.1f} %), {:>6} messages, {:.2f} s\n", what, bytes,
             blob.size(), 100.0 * static_cast<double>(bytes) / static_cast<double>(blob.size()),
             delta->steps.size(), took);
  std::fflush(stdout);
}

void CompareRegistries(uint64_t cells) {
  Table table(cells / kClientValues);
  for (uint64_t row = 0; row < table.size(); ++row) table[row].client = row;
  const std::string base = IndexOf(table);
  uint64_t stranger = uint64_t{1} << 40;
  for (const double percent : {0.1, 1.0}) {
    const auto rows = static_cast<uint64_t>(static_cast<double>(table.size()) * percent / 100);
    const auto edit = [&](std::string_view what, const std::function<void(Table&, size_t)>& one) {
      Table edited = table;
      std::mt19937_64 random(3);
      for (uint64_t i = 0; i < rows; ++i) one(edited, random() % edited.size());
      Compare(fmt::format("{} values, {} % of the rows {}", cells, percent, what), base,
              IndexOf(edited));
    };
    edit("with another telephone", [](Table& t, size_t row) { t[row].moved = true; });
    edit("other clients", [&](Table& t, size_t row) { t[row].client = ++stranger; });
    edit("more", [&](Table& t, size_t row) {
      t.insert(t.begin() + static_cast<long>(row), {++stranger, false});
    });
    edit("fewer", [](Table& t, size_t row) { t.erase(t.begin() + static_cast<long>(row)); });
  }
}

std::string IndexOf(const std::vector<std::vector<uint64_t>>& documents) {
  documents::IndexBuilder builder(v1::COLLECTION_KIND_PROTECTED, documents::Key{});
  for (const auto& document : documents) {
    if (auto status = builder.Add(3600, document); !status.ok()) return "";
  }
  return builder.Finish();
}

void CompareCollections(size_t count) {
  std::mt19937_64 random(5);
  std::vector<std::vector<uint64_t>> documents(count);
  for (auto& document : documents) {
    for (int i = 0; i < 425; ++i) document.push_back(random());
    std::sort(document.begin(), document.end());
  }
  const std::string base = IndexOf(documents);
  auto edited = documents;
  for (int i = 0; i < 70; ++i) edited[count / 2][i * 6] = random();  // a page of it
  std::sort(edited[count / 2].begin(), edited[count / 2].end());
  Compare(fmt::format("{} documents, a page of one edited", count), base, IndexOf(edited));
  edited = documents;
  edited.push_back(documents[0]);
  for (uint64_t& fingerprint : edited.back()) fingerprint = random();
  std::sort(edited.back().begin(), edited.back().end());
  Compare(fmt::format("{} documents, one more", count), base, IndexOf(edited));
}

}  // namespace
}  // namespace shoumi::benchmarks

int main(int argc, char** argv) {
  uint64_t cells = 1'000'000;
  size_t documents = 2000;
  CLI::App app("Measures what updates of indexes cost agents");
  app.add_option("--cells", cells, "Values of the registry");
  app.add_option("--documents", documents, "Documents of the collection");
  CLI11_PARSE(app, argc, argv);
  if (cells > 0) shoumi::benchmarks::CompareRegistries(cells);
  if (documents > 0) shoumi::benchmarks::CompareCollections(documents);
  fmt::print("peak of memory, the making of indexes included: {} MiB\n",
             shoumi::benchmarks::PeakMebibytes());
  return 0;
}
