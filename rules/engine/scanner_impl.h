#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/engine/document_finder.h"
#include "rules/engine/findings.h"
#include "rules/engine/keyword_index.h"
#include "rules/engine/row_finder.h"
#include "rules/engine/scanner.h"
#include "rules/engine/term_tracker.h"
#include "rules/engine/text_window.h"

namespace shoumi::rules {

// See scanner.h. `window_bytes` bounds the text that is held at a time and changes no result.
class WindowScanner : public Scanner {
 public:
  static absl::StatusOr<std::unique_ptr<WindowScanner>> Create(
      const CompiledRules& rules, size_t window_bytes, registry::Registries registries = {},
      const documents::Collections& collections = {});

  void Begin(const ScanOptions& options) override;
  void BeginPart(std::string_view part, v1::PartKind kind) override;
  void Block(std::string_view text) override;
  void EndPart() override;
  void Named(std::string_view part, std::string_view name, std::string_view media_type) override;
  ScanResult Finish() override;

 private:
  struct Hit {
    uint32_t to = 0;
    uint32_t id = 0;
  };

  WindowScanner(const CompiledRules& rules, size_t window_bytes, registry::Registries registries,
                const documents::Collections& collections);
  void ScanWindow();
  void CollectHits();
  void JudgeAnchor(const Hit& hit);
  void Judge(const CompiledRules::Use& use, const Candidate& candidate);
  void FollowTerm(const CompiledRules::Term& term, size_t to);
  Reject Weigh(const Detector& detector, uint32_t index, Judgement& judgement);
  [[nodiscard]] bool HeadOfColumnSays(uint32_t list, size_t from);
  // Separators before `from` on its line; nothing where the line starts too far before, or where
  // the text does.
  std::optional<size_t> ColumnOf(size_t from);
  void ReadHeadRow();
  // No candidate that is still to come starts before `settled`.
  void Settle(uint64_t settled);
  void Explain(const CompiledRules::Use& use, size_t from, size_t to, std::string_view why);

  const CompiledRules& rules_;
  HsScratch scratch_;
  TextWindow window_;
  RowFinder rows_;
  DocumentFinder documents_;
  KeywordIndex keywords_;
  OverlapResolver overlaps_;
  FindingCollector findings_;
  std::vector<TermTracker> trackers_;          // of detectors with terms
  std::vector<uint32_t> tracker_of_detector_;  // index in `trackers_`
  std::vector<KeywordIndex::ListSet> head_row_;
  char head_separator_ = '\t';
  size_t column_at_ = 0;    // in the window, where ColumnOf() was asked last
  size_t column_line_ = 0;  // the line feed before
  std::optional<size_t> column_;
  std::vector<Hit> hits_;
  std::vector<Accepted> kept_;
  std::vector<Accepted> lost_;
  ScanOptions options_;
  v1::PartKind kind_ = v1::PART_KIND_BODY;
  size_t scan_origin_ = 0;  // of the running hs_scan: offset in the window's text, plus one
};

}  // namespace shoumi::rules
