#include "rules/engine/scanner.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "rules/engine/name_types.h"
#include "rules/engine/scanner_impl.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

constexpr size_t kHeadRowBytesMax = 4096;
constexpr size_t kHeadBytesMax = 60;    // of one column in text
constexpr size_t kHitsPerSettle = 128;  // keeps what is pending in the nearest cache
constexpr uint8_t kConfidenceNames = 95;
constexpr uint8_t kConfidenceTerms = 75;  // words that stand together prove less than a check digit

// A byte inside a character.
bool IsTail(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

bool IsSeparator(char c) {
  return c == ' ' || c == '-' || c == '(' || c == ')';
}

// What parts the short columns of a table in text, CSV and the like; 0 when `row` is none.
char HeadSeparator(std::string_view row) {
  constexpr std::string_view kSeparators = "\t,;|";
  char best = '\0';
  ptrdiff_t most = 0;
  for (const char separator : kSeparators) {
    const ptrdiff_t times = std::count(row.begin(), row.end(), separator);
    if (times > most) {
      best = separator;
      most = times;
    }
  }
  for (size_t at = 0; best != '\0' && at < row.size();) {
    const size_t end = std::min(row.find(best, at), row.size());
    if (end - at > kHeadBytesMax) return '\0';
    at = end + 1;
  }
  return best;
}

// A validator reaches back so far at most from an anchor that ends at `end` or later.
uint64_t SettledBefore(uint64_t end) {
  return end > kValidatorLookBytesMax ? end - kValidatorLookBytesMax : 0;
}

struct Extent {
  size_t from = 0;
  size_t to = 0;
};

// The last `symbols` letters and digits before `to`, which one boundary byte may follow. At most
// three separators part two of them. Empty at `to` when there are not as many.
Extent LastSymbols(std::string_view text, size_t to, uint32_t symbols) {
  size_t end = to;
  if (end > 0 && !IsAlnum(text[end - 1])) --end;
  size_t at = end;
  uint32_t seen = 0;
  uint32_t separators = 0;
  size_t from = end;
  while (at > 0 && seen < symbols) {
    const char c = text[at - 1];
    if (IsAlnum(c)) {
      ++seen;
      separators = 0;
      from = at - 1;
    } else if (!IsSeparator(c) || ++separators > 3) {
      break;
    }
    --at;
  }
  return seen == symbols ? Extent{from, end} : Extent{to, to};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Scanner>> Scanner::Create(
    const Database& database, registry::Registries registries,
    const documents::Collections& collections) {
  auto scanner = WindowScanner::Create(database.rules(), kWindowBytesDefault, std::move(registries),
                                       collections);
  if (!scanner.ok()) return scanner.status();
  return std::unique_ptr<Scanner>(*std::move(scanner));
}

absl::StatusOr<std::unique_ptr<WindowScanner>> WindowScanner::Create(
    const CompiledRules& rules, size_t window_bytes, registry::Registries registries,
    const documents::Collections& collections) {
  std::unique_ptr<WindowScanner> scanner(
      new WindowScanner(rules, window_bytes, std::move(registries), collections));
  if (rules.patterns != nullptr) {
    if (auto status = scanner->scratch_.Fit(*rules.patterns); !status.ok()) return status;
  }
  if (auto status = scanner->keywords_.Prepare(); !status.ok()) return status;
  return scanner;
}

WindowScanner::WindowScanner(const CompiledRules& rules, size_t window_bytes,
                             registry::Registries registries,
                             const documents::Collections& collections)
    : rules_(rules),
      window_(window_bytes),
      rows_(rules, std::move(registries),
            [this](const FoundRow& row) {
              if (documents_.IsExcluded(row.detector, window_.text(),
                                        static_cast<size_t>(row.from - window_.base()),
                                        static_cast<size_t>(row.to - window_.base()))) {
                return;
              }
              findings_.AddRow(row, window_.OriginalStart(row.from - window_.base()),
                               window_.OriginalEnd(row.to - window_.base()));
            }),
      documents_(rules, collections),
      keywords_(rules),
      overlaps_(rules),
      findings_(rules),
      tracker_of_detector_(rules.detectors.size()) {
  for (size_t i = 0; i < rules.detectors.size(); ++i) {
    if (!rules.detectors[i].is_dictionary()) continue;
    tracker_of_detector_[i] = static_cast<uint32_t>(trackers_.size());
    trackers_.emplace_back(rules.detectors[i]);
  }
}

void WindowScanner::Begin(const ScanOptions& options) {
  options_ = options;
  kind_ = v1::PART_KIND_BODY;
  findings_.Begin(options);
  documents_.Begin();
}

void WindowScanner::BeginPart(std::string_view part, v1::PartKind kind) {
  // A body goes on with the table that the first page started.
  if (kind_ != v1::PART_KIND_FIRST_PAGE || kind != v1::PART_KIND_BODY) head_row_.clear();
  kind_ = kind;
  window_.BeginPart();
  rows_.BeginPart();
  documents_.BeginPart(part, kind);
  for (TermTracker& tracker : trackers_) tracker.BeginPart();
  findings_.BeginPart(part, kind);
}

void WindowScanner::Block(std::string_view text) {
  while (!text.empty()) {
    text.remove_prefix(window_.Fill(text));
    if (window_.full()) {
      ScanWindow();
      window_.Advance();
    }
  }
}

void WindowScanner::EndPart() {
  window_.EndPart();
  ScanWindow();
}

void WindowScanner::Named(std::string_view part, std::string_view name,
                          std::string_view media_type) {
  const std::string_view suffix = KnownSuffix(name);
  if (!Contradicts(suffix, media_type)) return;
  const std::string said = fmt::format(".{}: {}", suffix, media_type);
  findings_.BeginPart(part, v1::PART_KIND_FILE_NAME);
  for (uint32_t i = 0; i < rules_.detectors.size(); ++i) {
    if (!rules_.detectors[i].name_contradicts) continue;
    Accepted accepted;
    accepted.detector = i;
    accepted.confidence = kConfidenceNames;
    accepted.value = said;
    findings_.AddMasked(accepted, said);
  }
}

ScanResult WindowScanner::Finish() {
  for (const uint32_t detector : documents_.detectors()) {
    uint32_t documents = 0;
    const FoundDocuments found =
        documents_.Take(detector, options_.matches_per_finding_max, documents);
    if (documents > 0) findings_.AddDocuments(detector, found, documents);
  }
  return findings_.Finish();
}

void WindowScanner::ScanWindow() {
  if (window_.starts_part() && head_row_.empty()) ReadHeadRow();
  keywords_.Reset(window_.text());
  column_at_ = 0;
  column_.reset();
  CollectHits();
  const auto in_order = [](const Hit& a, const Hit& b) {
    return std::pair(a.to, a.id) < std::pair(b.to, b.id);
  };
  if (!std::is_sorted(hits_.begin(), hits_.end(), in_order)) {
    std::sort(hits_.begin(), hits_.end(), in_order);
  }
  size_t judged = 0;
  for (const Hit& hit : hits_) {
    if (hit.id >= rules_.anchors.size()) {
      FollowTerm(rules_.terms[hit.id - rules_.anchors.size()], hit.to);
      continue;
    }
    JudgeAnchor(hit);
    if (++judged % kHitsPerSettle == 0) Settle(SettledBefore(window_.base() + hit.to));
  }
  Settle(window_.ends_part() ? std::numeric_limits<uint64_t>::max()
                             : SettledBefore(window_.base() + window_.commit_end()));
  rows_.Scan({window_.text(), window_.base(), window_.commit_begin(), window_.commit_end(),
              window_.ends_part()});
  documents_.Scan(window_);
}

void WindowScanner::CollectHits() {
  hits_.clear();
  if (rules_.patterns == nullptr) return;
  // Anything that ends after `commit_begin` started at most one anchor's width before it.
  const size_t before = std::min<size_t>(window_.commit_begin(), kAnchorWidthBytesMax);
  const ptrdiff_t origin = static_cast<ptrdiff_t>(window_.commit_begin() - before) - 1;
  const std::string_view text = window_.Edged(origin, window_.commit_end());
  scan_origin_ = static_cast<size_t>(origin + 1);
  hs_scan(
      rules_.patterns->get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch_.get(),
      [](unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) {
        auto* scanner = static_cast<WindowScanner*>(context);
        const size_t end = scanner->scan_origin_ + static_cast<size_t>(to) - 1;
        if (end > scanner->window_.commit_begin()) {
          scanner->hits_.push_back({static_cast<uint32_t>(end), id});
        }
        return 0;
      },
      this);
}

void WindowScanner::JudgeAnchor(const Hit& hit) {
  const CompiledRules::Anchor& anchor = rules_.anchors[hit.id];
  const std::string_view text = window_.text();
  const size_t to = std::min<size_t>(hit.to, text.size());
  Extent extent{to, to};
  if (anchor.symbols > 0) {
    extent = LastSymbols(text, to, anchor.symbols);
  } else if (anchor.width > 0) {
    extent.from = to > anchor.width ? to - anchor.width : 0;
  }
  Candidate candidate;  // an initialiser would clear the room for the runs as well
  candidate.text = text;
  candidate.from = extent.from;
  candidate.to = extent.to;
  candidate.kind = kind_;
  candidate.block_starts_part = window_.starts_part();
  candidate.block_ends_part = window_.ends_part();
  candidate.today = options_.today;
  for (const CompiledRules::Use& use : anchor.uses) {
    if (MayHold(*use.validator, candidate)) Judge(use, candidate);
  }
}

void WindowScanner::Judge(const CompiledRules::Use& use, const Candidate& candidate) {
  Judgement judgement = use.validator->judge(candidate);
  if (!judgement.accepted()) {
    if (options_.explain && judgement.reject != Reject::kShape) {
      Explain(use, candidate.from, candidate.to, RejectName(judgement.reject));
    }
    return;
  }
  const Reject reject = Weigh(rules_.detectors[use.detector], use.detector, judgement);
  if (reject != Reject::kNone) {
    if (options_.explain) Explain(use, judgement.from, judgement.to, RejectName(reject));
    return;
  }
  overlaps_.Add({.from = window_.base() + judgement.from,
                 .to = window_.base() + judgement.to,
                 .start = window_.OriginalStart(judgement.from),
                 .end = window_.OriginalEnd(judgement.to),
                 .detector = use.detector,
                 .confidence = judgement.confidence,
                 .validator = use.validator->name,
                 .value = std::move(judgement.value),
                 .marking = std::move(judgement.marking)});
}

Reject WindowScanner::Weigh(const Detector& detector, uint32_t index, Judgement& judgement) {
  if (detector.exceptions.contains(judgement.value) ||
      documents_.IsExcluded(index, window_.text(), judgement.from, judgement.to)) {
    return Reject::kExcluded;
  }
  auto confidence = static_cast<int>(judgement.confidence);
  if (!detector.keywords.words.empty()) {
    const bool near =
        keywords_.Near(2 * index, judgement.from, judgement.to, detector.keywords.within_chars) ||
        HeadOfColumnSays(2 * index, judgement.from);
    if (near) {
      confidence += static_cast<int>(detector.keywords.points);
    } else if (detector.keywords.required) {
      return Reject::kContext;
    }
  }
  if (!detector.against.words.empty() &&
      (keywords_.Near(2 * index + 1, judgement.from, judgement.to, detector.against.within_chars) ||
       HeadOfColumnSays(2 * index + 1, judgement.from))) {
    confidence -= static_cast<int>(detector.against.points);
  }
  judgement.confidence = static_cast<uint8_t>(std::clamp(confidence, 0, 100));
  return judgement.confidence < detector.report_from ? Reject::kContext : Reject::kNone;
}

void WindowScanner::ReadHeadRow() {
  const std::string_view text = window_.text().substr(0, kHeadRowBytesMax);
  std::string row(text.substr(0, text.find('\n')));
  const char separator = kind_ == v1::PART_KIND_CELLS ? '\t' : HeadSeparator(row);
  if (separator == '\0') return;
  std::replace(row.begin(), row.end(), separator, '\t');
  head_row_ = keywords_.ListsOfCells(row);
  head_separator_ = separator;
}

std::optional<size_t> WindowScanner::ColumnOf(size_t from) {
  if (from == column_at_) return column_;
  const size_t low = from > kLookBytes ? from - kLookBytes : 0;
  // A row is read once, however many values it holds.
  const bool goes_on = column_ && column_line_ >= low && column_at_ < from;
  const size_t start = goes_on ? column_at_ : low;
  const std::string_view text = window_.text();
  size_t column = 0;
  column_at_ = from;
  size_t at = from;
  for (; at > start && text[at - 1] != '\n'; --at) {
    column += text[at - 1] == head_separator_ ? 1 : 0;
  }
  if (at > start) {
    column_line_ = at - 1;
  } else if (goes_on) {
    column += *column_;
  } else {
    return column_ = std::nullopt;
  }
  return column_ = column;
}

bool WindowScanner::HeadOfColumnSays(uint32_t list, size_t from) {
  if (head_row_.empty()) return false;
  const std::optional<size_t> column = ColumnOf(from);
  return column && *column < head_row_.size() &&
         (head_row_[*column][list / 64] >> (list % 64) & 1) != 0;
}

void WindowScanner::FollowTerm(const CompiledRules::Term& term, size_t to) {
  const std::string_view text = window_.text();
  const size_t from = to - term.size;
  if (term.boundary_before && from > 0 && IsAlnum(text[from - 1])) return;
  if (term.boundary_after && to < text.size() && IsAlnum(text[to])) return;
  TermStretch stretch;
  for (const CompiledRules::TermUse& use : term.uses) {
    if (documents_.IsExcluded(use.detector, text, from, to)) continue;
    TermTracker& tracker = trackers_[tracker_of_detector_[use.detector]];
    if (!tracker.Add(window_, use.term, from, to, stretch)) continue;
    findings_.AddMasked({.from = 0,
                         .to = 0,
                         .start = stretch.start,
                         .end = stretch.end,
                         .detector = use.detector,
                         .confidence = kConfidenceTerms,
                         .validator = {},
                         .value = stretch.terms,
                         .marking = {}},
                        stretch.terms);
  }
}

void WindowScanner::Settle(uint64_t settled) {
  kept_.clear();
  lost_.clear();
  overlaps_.Settle(settled, kept_, lost_);
  for (const Accepted& accepted : kept_) {
    if (!accepted.marking || !accepted.marking->expired()) {
      findings_.Add(accepted);
      continue;
    }
    findings_.AddExpired();
    if (options_.explain) {
      findings_.Reject(accepted.detector, accepted.start, accepted.end, "expired",
                       MaskValue(accepted.validator, accepted.value));
    }
  }
  for (const Accepted& accepted : lost_) {
    if (!options_.explain) break;
    findings_.Reject(accepted.detector, accepted.start, accepted.end, RejectName(Reject::kExcluded),
                     MaskValue(accepted.validator, accepted.value));
  }
}

void WindowScanner::Explain(const CompiledRules::Use& use, size_t from, size_t to,
                            std::string_view why) {
  const std::string_view text = window_.text();
  while (from > 0 && IsTail(text[from])) --from;
  while (to < text.size() && IsTail(text[to])) ++to;
  findings_.Reject(use.detector, window_.OriginalStart(from), window_.OriginalEnd(to), why,
                   MaskValue(use.validator->name, text.substr(from, to - from)));
}

}  // namespace shoumi::rules
