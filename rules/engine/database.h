#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::rules {

struct CompiledRules;  // internal to the engine

// Compiled packs: immutable and thread-safe. A Database is all or nothing; packs with an error in
// any of them compile to none.
class Database {
 public:
  struct Result {
    std::shared_ptr<const Database> database;  // null when `problems` holds an error
    std::vector<v1::PackProblem> problems;     // all of them, in order of file and line
  };
  // Stages: read YAML, collect and check detectors, compile with Hyperscan.
  static Result Compile(const std::vector<v1::Pack>& packs);

  explicit Database(std::unique_ptr<const CompiledRules> rules);
  ~Database();

  [[nodiscard]] std::vector<std::string> DetectorIds() const;
  [[nodiscard]] size_t SizeBytes() const;
  // Adds a warning for each detector of rows that can find nothing with these registries.
  void CheckRegistries(const std::vector<v1::RegistryIndex>& registries,
                       std::vector<v1::PackProblem>& problems) const;
  // Likewise for each collection of documents that is named.
  void CheckCollections(const std::vector<v1::DocumentIndex>& collections,
                        std::vector<v1::PackProblem>& problems) const;
  [[nodiscard]] const CompiledRules& rules() const { return *rules_; }

 private:
  std::unique_ptr<const CompiledRules> rules_;
};

// Reads DIR/<name>/pack.yaml of every folder, or of DIR itself.
absl::StatusOr<std::vector<v1::Pack>> ReadPacks(const std::string& dir);

}  // namespace shoumi::rules
