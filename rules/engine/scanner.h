#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/documents/collection.h"
#include "rules/engine/database.h"
#include "rules/registry/hashing.h"
#include "rules/registry/registry.h"
#include "shoumi/v1/finding.pb.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::rules {

inline constexpr uint32_t kValueKeysMax = 1024;

struct ScanOptions {
  std::string today;  // ISO 8601 date that terms of classification are held against
  uint32_t matches_per_finding_max = 20;
  uint32_t distinct_values_max = 100'000;  // per rule; beyond it `distinct` is a lower bound
  bool explain = false;                    // collect rejected candidates
  // Report Finding.value_keys: of the distinct values' hashes with this key the lowest, ascending.
  std::optional<registry::SipKey> value_key{};
  uint32_t value_keys_max = kValueKeysMax;
};

struct ScanResult {
  std::vector<v1::Finding> findings;  // by rule id
  std::vector<v1::RejectedCandidate> rejected;
  v1::Level level = v1::LEVEL_NONE;
  bool declassified = false;
};

// Accumulates findings over the parts of one document. Owns its Hyperscan scratch; not thread-safe,
// one per worker, reused from document to document (Finish() resets it). The database outlives it.
class Scanner {
 public:
  // What detectors of rows and of documents may name.
  static absl::StatusOr<std::unique_ptr<Scanner>> Create(
      const Database& database, registry::Registries registries = {},
      const documents::Collections& collections = {});
  virtual ~Scanner() = default;

  virtual void Begin(const ScanOptions& options) = 0;
  // A part arrives as one or more blocks in order; the scanner keeps the overlap it needs, so cuts
  // may fall anywhere on a UTF-8 boundary. `text` must be valid UTF-8 and lives for the call.
  virtual void BeginPart(std::string_view part, v1::PartKind kind) = 0;
  virtual void Block(std::string_view text) = 0;
  virtual void EndPart() = 0;
  // Between parts: a file of the document or in it, `part`, has this name and, told from its
  // content, this media type.
  virtual void Named(std::string_view part, std::string_view name, std::string_view media_type) = 0;
  virtual ScanResult Finish() = 0;
};

}  // namespace shoumi::rules
