#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "rules/documents/collection.h"
#include "rules/documents/grams.h"
#include "rules/engine/compiled_rules.h"
#include "rules/engine/text_window.h"
#include "shoumi/v1/finding.pb.h"

namespace shoumi::rules {

// Text in common with registered documents, in one document.
struct FoundDocuments {
  // Where it stands.
  struct Stretch {
    std::string part;
    v1::PartKind kind = v1::PART_KIND_BODY;
    uint64_t start = 0;  // in the part's original text
    uint64_t end = 0;
    uint64_t fingerprints = 0;
  };
  std::vector<v1::RegisteredDocument> documents;  // that meet the detector; most in common first
  std::vector<uint32_t> numbers;                  // of all that do, within the collection's version
  std::vector<Stretch> stretches;                 // of any document of the collection
  uint32_t stretches_omitted = 0;
};

// The detectors of documents, each over the collection that it names, and what stands in excluded
// documents. One that names a collection which is not there finds nothing; whoever compiled the
// packs has said so. Not thread-safe.
class DocumentFinder {
 public:
  static constexpr size_t kStretchesMax = 64;
  // Of one inspected document. Beyond them, what was found is a lower bound.
  static constexpr size_t kFingerprintsFoundMax = 1'000'000;

  // `rules` outlives it.
  DocumentFinder(const CompiledRules& rules, const documents::Collections& collections);
  DocumentFinder(const DocumentFinder&) = delete;
  DocumentFinder& operator=(const DocumentFinder&) = delete;

  void Begin();
  void BeginPart(std::string_view part, v1::PartKind kind);
  // The windows of a part in order, each once.
  void Scan(const TextWindow& window);
  // Of the detector, with at most `documents_max` documents and how many there are.
  FoundDocuments Take(uint32_t detector, size_t documents_max, uint32_t& documents);
  [[nodiscard]] const std::vector<uint32_t>& detectors() const { return detectors_; }

  // Whether [from, to) of `text` stands there as it does in an excluded document that the detector
  // names, with all that is around it.
  [[nodiscard]] bool IsExcluded(uint32_t detector, std::string_view text, size_t from,
                                size_t to) const;

 private:
  struct Counted {
    uint32_t distinct = 0;     // fingerprints of the document that were found
    uint64_t occurrences = 0;  // and how often
  };
  // Detectors that look at a collection in the same way.
  struct Search {
    std::shared_ptr<const documents::Collection> collection;
    std::vector<const documents::Index*> excluded;
    std::vector<uint32_t> detectors;
    absl::flat_hash_set<uint64_t> found;             // fingerprints
    absl::flat_hash_map<uint32_t, Counted> counted;  // by document
    std::vector<FoundDocuments::Stretch> stretches;
    uint64_t last = 0;  // number of the fingerprint that was found last
    uint32_t stretches_omitted = 0;
    uint64_t fingerprints = 0;  // of the inspected document, without what is excluded
  };
  // `grams` are some fingerprints in a row.
  void Look(Search& search, std::span<const documents::Gram> grams, const TextWindow& window);
  void Count(Search& search, const documents::Gram& gram,
             std::span<const documents::Entry> entries);
  void Mark(Search& search, const documents::Gram& gram, uint64_t number,
            const TextWindow& window) const;

  const CompiledRules& rules_;
  std::vector<std::unique_ptr<Search>> searches_;
  std::vector<uint32_t> detectors_;  // of documents, whose collection is there
  std::vector<std::vector<const documents::Index*>> excluded_;  // by detector
  documents::Collections kept_;                                 // that `excluded_` points into
  documents::UnitReader units_;
  documents::Winnower winnower_;
  std::string part_;
  v1::PartKind kind_ = v1::PART_KIND_BODY;
  uint64_t number_ = 0;          // of fingerprints of the inspected document
  std::vector<uint64_t> keyed_;  // of those that are looked at
};

}  // namespace shoumi::rules
