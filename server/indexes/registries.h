#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "rules/registry/import/importer.h"
#include "server/indexes/index_shelf.h"
#include "server/store/store.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::server {

struct RegistryOptions {
  uint64_t table_bytes_max = 8ULL << 30;
};

// What is asked for with a table.
struct ImportRequest {
  std::string file;       // that problems name
  std::string spec_file;  // likewise
  std::string spec_yaml;
  bool good_rows = false;  // import them although others are bad
  bool dry_run = false;
};

struct ImportOutcome {
  bool ok = false;  // imported, or would be
  std::vector<v1::PackProblem> spec_problems;
  std::string table_problem;  // why the table cannot be read on; with its line
  std::vector<registry::Importer::Problem> row_problems;
  uint64_t row_problems_omitted = 0;
  uint64_t rows_bad = 0;
  registry::IndexBuilder::Counts counts;
  uint64_t index_bytes = 0;
  uint64_t version = 0;
  uint64_t policy_version = 0;  // of the bundle that carries it; 0: none yet
};

// Client registries: from tables to indexes that agents fetch. What is in force changes only when
// an import is through. Thread-safe.
class Registries {
 public:
  // All outlive the object.
  Registries(const RegistryOptions& options, IndexShelf& shelf, const Clock& clock)
      : options_(options), shelf_(shelf), clock_(clock) {}

  // One table on its way in. Not thread-safe.
  class Import {
   public:
    // ResourceExhausted beyond the bound. What is wrong with the table is in the outcome.
    absl::Status Feed(std::string_view bytes);
    // Blocks while the index is made and stored. Once.
    absl::StatusOr<ImportOutcome> Finish();

   private:
    friend class Registries;
    Import(Registries& registries, IndexShelf::Turn turn)
        : registries_(registries), turn_(std::move(turn)) {}
    Registries& registries_;
    const IndexShelf::Turn turn_;
    ImportRequest request_;
    std::string author_;
    ImportOutcome outcome_;
    v1::Registry head_;
    std::unique_ptr<registry::Importer> importer_;  // null when the spec is bad
    uint64_t table_bytes_ = 0;
  };
  // One at a time, for it takes memory: ResourceExhausted while another is under way.
  absl::StatusOr<std::unique_ptr<Import>> Begin(ImportRequest request, std::string author);

  struct Listed {
    IndexRow row;  // without its head
    v1::Registry head;
  };
  absl::StatusOr<std::vector<Listed>> List();
  absl::StatusOr<uint64_t> Remove(std::string_view name, std::string_view author) {
    return shelf_.Remove(IndexKind::kRegistry, name, author);
  }

 private:
  absl::Status Keep(Import& import);

  const RegistryOptions options_;
  IndexShelf& shelf_;
  const Clock& clock_;
};

}  // namespace shoumi::server
