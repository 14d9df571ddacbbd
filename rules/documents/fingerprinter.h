#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "rules/documents/grams.h"
#include "rules/engine/text/normalise.h"
#include "shoumi/v1/finding.pb.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::documents {

inline constexpr size_t kFingerprintsPerDocumentMax = 900'000;  // fit one message
// A document with fewer cannot be told by them.
inline constexpr size_t kFingerprintsPerDocumentMin = 4;

// Whether text of this kind counts for what a document is: headers, footers, watermarks, properties
// and names are shared by all papers of a house.
bool IsFingerprinted(v1::PartKind kind);

// What a document is registered with: its parts' text, as extracted → fingerprints, not keyed. Of
// an excluded document all grams count, so that each place in another can be asked about. Not
// thread-safe.
class Fingerprinter {
 public:
  explicit Fingerprinter(v1::CollectionKind kind) : kind_(kind) {}

  void BeginPart(v1::PartKind kind);
  // Valid UTF-8, cut between any two characters. ResourceExhausted beyond the bound.
  absl::Status Text(std::string_view text);
  absl::Status EndPart();

  [[nodiscard]] uint64_t units() const { return units_; }
  // Sorted, each once. Ends the document; the next may begin.
  std::vector<uint64_t> Finish();

 private:
  void Add(const Unit& unit);
  void Keep(std::span<const Gram> grams);
  [[nodiscard]] absl::Status Bound() const;

  const v1::CollectionKind kind_;
  bool skipped_ = false;
  UnitReader unit_reader_;
  GramReader gram_reader_;
  Winnower winnower_;
  std::vector<char> normalised_;
  rules::OffsetMap offsets_;
  uint64_t units_ = 0;
  absl::flat_hash_set<uint64_t> fingerprints_;
};

}  // namespace shoumi::documents
