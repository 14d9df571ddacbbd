#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "rules/registry/import/importer.h"
#include "server/policy/publisher.h"
#include "server/store/store.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::server {

struct RegistryOptions {
  uint64_t table_bytes_max = 8ULL << 30;
  uint64_t index_bytes_max = 512ULL << 20;  // as agents take, all together
  size_t piece_bytes = 1U << 20;            // of an index in the store
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
  Registries(const RegistryOptions& options, Store& store, PolicyPublisher& publisher,
             const Clock& clock)
      : options_(options), store_(store), publisher_(publisher), clock_(clock) {}

  // After a start: a crash may have come between a change of the registries and its bundle.
  absl::Status CatchUp();

  // Only who holds it changes registries. Given back by any thread.
  using Turn = std::shared_ptr<void>;

  // One table on its way in. Not thread-safe.
  class Import {
   public:
    // ResourceExhausted beyond the bound. What is wrong with the table is in the outcome.
    absl::Status Feed(std::string_view bytes);
    // Blocks while the index is made and stored. Once.
    absl::StatusOr<ImportOutcome> Finish();

   private:
    friend class Registries;
    Import(Registries& registries, Turn turn) : registries_(registries), turn_(std::move(turn)) {}
    Registries& registries_;
    const Turn turn_;
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
    RegistryRow row;  // without its head
    v1::Registry head;
  };
  absl::StatusOr<std::vector<Listed>> List();
  // The version of the bundle without it; 0 when there is none. NotFound when there is no such one,
  // ResourceExhausted while an import is under way.
  absl::StatusOr<uint64_t> Remove(std::string_view name, std::string_view author);

  // A blob that a bundle in force names: its size, and what is at an offset, at most one piece.
  // NotFound for any other.
  absl::StatusOr<uint64_t> BlobBytes(std::string_view sha256);
  absl::StatusOr<std::string> ReadBlob(std::string_view sha256, uint64_t offset);

 private:
  absl::StatusOr<Turn> TakeTurn();
  absl::Status Keep(Import& import);
  absl::Status ForgetOldBlobs();

  const RegistryOptions options_;
  Store& store_;
  PolicyPublisher& publisher_;
  const Clock& clock_;
  std::atomic<bool> taken_ = false;
};

}  // namespace shoumi::server
