#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/registry/import/importer.h"

// A registry.yaml, a zero byte, a table. Where the yaml is not usable a fixed one takes its place.
// What comes in pieces must come to the same as what comes whole.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace registry = shoumi::registry;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  const std::string_view table = input.substr(std::min(end + 1, input.size()));
  std::vector<shoumi::v1::PackProblem> problems;
  auto spec = registry::LoadSpec("fuzz.yaml", input.substr(0, end), problems);
  if (!spec) {
    if (problems.empty()) __builtin_trap();
    spec.emplace();
    spec->name = "fuzz";
    spec->columns = {{"a", {"name", registry::ColumnType::kName}},
                     {"b", {"phone", registry::ColumnType::kPhone}}};
    spec->level_head = "c";
  }
  std::pair<uint64_t, uint64_t> rows[2];
  bool whole_ok = false;
  for (const size_t piece : {table.size() + 1, size_t{7}}) {
    registry::Importer importer(*spec, registry::Key());
    absl::Status status;
    for (size_t at = 0; at < table.size() && status.ok(); at += piece) {
      status = importer.Feed(table.substr(at, piece));
    }
    if (status.ok()) status = importer.EndTable();
    const bool in_pieces = piece == 7;
    rows[in_pieces ? 1 : 0] = {importer.counts().rows, importer.rows_bad()};
    if (!in_pieces) whole_ok = status.ok();
    if (in_pieces && (status.ok() != whole_ok || (whole_ok && rows[0] != rows[1])))
      __builtin_trap();
    if (status.ok() && importer.counts().rows > 0 && !importer.Index().ok()) __builtin_trap();
  }
  return 0;
}
