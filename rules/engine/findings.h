#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "rules/engine/compiled_rules.h"
#include "rules/engine/document_finder.h"
#include "rules/engine/row_finder.h"
#include "rules/engine/scanner.h"

namespace shoumi::rules {

// Something that a detector accepted.
struct Accepted {
  uint64_t from = 0;  // in the part's normalised text
  uint64_t to = 0;
  uint64_t start = 0;  // in the part's original text
  uint64_t end = 0;
  uint32_t detector = 0;
  uint8_t confidence = 0;
  std::string_view validator;  // of the compiled rules
  std::string value;
  std::optional<v1::Marking> marking;
  v1::Level level = v1::LEVEL_NONE;  // of its own
};

// Of candidates that overlap, keeps one: by priority, confidence, length and id of the detector.
// Candidates of one part arrive in any order; those that end at or before `settled` are final.
class OverlapResolver {
 public:
  explicit OverlapResolver(const CompiledRules& rules) : rules_(rules) {}

  void Add(Accepted candidate) { pending_.push_back(std::move(candidate)); }
  // Moves what is final to `kept`, in order of offset, and what lost against another detector to
  // `lost`. No candidate that is added later may start before `settled`.
  void Settle(uint64_t settled, std::vector<Accepted>& kept, std::vector<Accepted>& lost);

 private:
  [[nodiscard]] bool Better(const Accepted& a, const Accepted& b) const;
  void SettleCluster(std::vector<Accepted>& cluster, std::vector<Accepted>& kept,
                     std::vector<Accepted>& lost) const;

  const CompiledRules& rules_;
  std::vector<Accepted> pending_;
};

// Counts of one document, by detector.
class FindingCollector {
 public:
  explicit FindingCollector(const CompiledRules& rules);

  void Begin(const ScanOptions& options);
  void BeginPart(std::string_view part, v1::PartKind kind);
  // `accepted` is not of an expired marking.
  void Add(const Accepted& accepted);
  // `masked` is fit to be shown as it is.
  void AddMasked(const Accepted& accepted, std::string_view masked);
  // `start` and `end` are in the part's original text.
  void AddRow(const FoundRow& row, uint64_t start, uint64_t end);
  // `documents` are so many, of which `found` has some.
  void AddDocuments(uint32_t detector, const FoundDocuments& found, uint32_t documents);
  void AddExpired() { ++expired_; }
  void Reject(uint32_t detector, uint64_t start, uint64_t end, std::string_view why,
              std::string masked);
  ScanResult Finish();

 private:
  // Of what is a hash already.
  struct AsItIs {
    size_t operator()(uint64_t hash) const { return hash; }
  };
  struct State {
    uint64_t count = 0;
    uint32_t omitted = 0;
    uint32_t confidence = 0;
    v1::Level level = v1::LEVEL_NONE;
    absl::flat_hash_set<uint64_t, AsItIs> values;
    std::vector<v1::Match> matches;
    std::vector<v1::RegisteredDocument> documents;
    uint32_t distinct = 0;  // where it is not that of `values`
    std::optional<v1::Marking> marking;
  };
  State& Count(const Accepted& accepted);
  [[nodiscard]] uint64_t HashOf(const std::string& value) const;
  void ReportValues(const State& state, v1::Finding& finding) const;
  // Null beyond the bound on matches.
  v1::Match* Keep(State& state, const Accepted& accepted);

  const CompiledRules& rules_;
  ScanOptions options_;
  std::string part_;
  v1::PartKind kind_ = v1::PART_KIND_BODY;
  std::vector<State> states_;
  std::vector<v1::RejectedCandidate> rejected_;
  uint64_t expired_ = 0;
};

inline constexpr size_t kRejectedMax = 1000;

}  // namespace shoumi::rules
