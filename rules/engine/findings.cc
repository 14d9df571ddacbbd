#include "rules/engine/findings.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "absl/hash/hash.h"
#include "fmt/format.h"

namespace shoumi::rules {
namespace {

constexpr uint32_t kConfidenceDocuments = 95;
constexpr char kDocumentMask[] = "…";  // nothing of a registered document is shown

}  // namespace

bool OverlapResolver::Better(const Accepted& a, const Accepted& b) const {
  const auto rank = [&](const Accepted& x) {
    // Detectors are in order of id. The rest makes the order total.
    return std::tuple(-static_cast<int64_t>(rules_.detectors[x.detector].priority),
                      -static_cast<int>(x.confidence), -static_cast<int64_t>(x.to - x.from),
                      x.detector, x.from);
  };
  return rank(a) < rank(b);
}

void OverlapResolver::SettleCluster(std::vector<Accepted>& cluster, std::vector<Accepted>& kept,
                                    std::vector<Accepted>& lost) const {
  if (cluster.size() == 1) {
    kept.push_back(std::move(cluster.front()));
    return;
  }
  std::sort(cluster.begin(), cluster.end(),
            [this](const Accepted& a, const Accepted& b) { return Better(a, b); });
  std::map<uint64_t, Accepted> winners;  // disjoint, by `from`
  for (Accepted& candidate : cluster) {
    const auto next = winners.lower_bound(candidate.to);
    const Accepted* rival = nullptr;
    if (next != winners.begin() && std::prev(next)->second.to > candidate.from) {
      rival = &std::prev(next)->second;
    }
    if (rival == nullptr) {
      const uint64_t from = candidate.from;
      winners.emplace(from, std::move(candidate));
    } else if (rival->detector != candidate.detector) {
      lost.push_back(std::move(candidate));
    }
  }
  for (auto& [from, winner] : winners) kept.push_back(std::move(winner));
}

void OverlapResolver::Settle(uint64_t settled, std::vector<Accepted>& kept,
                             std::vector<Accepted>& lost) {
  const auto by_from = [](const Accepted& a, const Accepted& b) { return a.from < b.from; };
  if (!std::is_sorted(pending_.begin(), pending_.end(), by_from)) {
    std::stable_sort(pending_.begin(), pending_.end(), by_from);
  }
  std::vector<Accepted> cluster;
  size_t next = 0;
  while (next < pending_.size()) {
    size_t after = next + 1;
    uint64_t reach = pending_[next].to;
    while (after < pending_.size() && pending_[after].from < reach) {
      reach = std::max(reach, pending_[after++].to);
    }
    if (reach > settled) break;
    if (after == next + 1) {
      kept.push_back(std::move(pending_[next]));
    } else {
      cluster.assign(std::move_iterator(pending_.begin() + static_cast<std::ptrdiff_t>(next)),
                     std::move_iterator(pending_.begin() + static_cast<std::ptrdiff_t>(after)));
      SettleCluster(cluster, kept, lost);
    }
    next = after;
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(next));
}

FindingCollector::FindingCollector(const CompiledRules& rules)
    : rules_(rules), states_(rules.detectors.size()) {}

void FindingCollector::Begin(const ScanOptions& options) {
  options_ = options;
  for (State& state : states_) state = State();
  rejected_.clear();
  expired_ = 0;
}

void FindingCollector::BeginPart(std::string_view part, v1::PartKind kind) {
  part_ = part;
  kind_ = kind;
}

uint64_t FindingCollector::HashOf(const std::string& value) const {
  return options_.value_key ? registry::SipHash(value, *options_.value_key) : absl::HashOf(value);
}

// The lowest are the same ones whenever the values are the same.
void FindingCollector::ReportValues(const State& state, v1::Finding& finding) const {
  if (!options_.value_key) return;
  std::vector<uint64_t> keys(state.values.begin(), state.values.end());
  const size_t kept = std::min<size_t>(options_.value_keys_max, keys.size());
  std::partial_sort(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(kept), keys.end());
  keys.resize(kept);
  finding.mutable_value_keys()->Assign(keys.begin(), keys.end());
}

FindingCollector::State& FindingCollector::Count(const Accepted& accepted) {
  State& state = states_[accepted.detector];
  const Detector& detector = rules_.detectors[accepted.detector];
  ++state.count;
  state.confidence = std::max<uint32_t>(state.confidence, accepted.confidence);
  if (state.values.size() < options_.distinct_values_max) {
    state.values.insert(HashOf(accepted.value));
  }
  v1::Level level = std::max(detector.level, accepted.level);
  if (detector.level_from_marking && accepted.marking) level = accepted.marking->level();
  if (accepted.marking && (!state.marking || level > state.level)) {
    state.marking = accepted.marking;
  }
  state.level = std::max(state.level, level);
  return state;
}

v1::Match* FindingCollector::Keep(State& state, const Accepted& accepted) {
  if (state.matches.size() >= options_.matches_per_finding_max) {
    ++state.omitted;
    return nullptr;
  }
  v1::Match& match = state.matches.emplace_back();
  match.set_part(part_);
  match.set_kind(kind_);
  match.set_start(accepted.start);
  match.set_end(accepted.end);
  match.set_confidence(accepted.confidence);
  return &match;
}

void FindingCollector::Add(const Accepted& accepted) {
  if (v1::Match* match = Keep(Count(accepted), accepted)) {
    match->set_masked(MaskValue(accepted.validator, accepted.value));
  }
}

void FindingCollector::AddMasked(const Accepted& accepted, std::string_view masked) {
  if (v1::Match* match = Keep(Count(accepted), accepted)) match->set_masked(std::string(masked));
}

void FindingCollector::AddRow(const FoundRow& row, uint64_t start, uint64_t end) {
  const Accepted accepted{.from = row.from,
                          .to = row.to,
                          .start = start,
                          .end = end,
                          .detector = row.detector,
                          .confidence = row.confidence,
                          .validator = {},
                          .value = std::to_string(row.row),
                          .marking = {},
                          .level = row.level};
  v1::Match* match = Keep(Count(accepted), accepted);
  if (match == nullptr) return;
  match->set_masked(row.masked);
  match->mutable_columns()->Assign(row.columns.begin(), row.columns.end());
}

void FindingCollector::AddDocuments(uint32_t detector, const FoundDocuments& found,
                                    uint32_t documents) {
  State& state = states_[detector];
  state.count = documents;
  state.distinct = documents;
  state.confidence = kConfidenceDocuments;
  state.level = rules_.detectors[detector].level;
  state.documents = found.documents;
  if (options_.value_key && !found.documents.empty()) {
    const v1::RegisteredDocument& first = found.documents.front();
    for (const uint32_t number : found.numbers) {
      state.values.insert(
          HashOf(fmt::format("{} {} {}", first.collection(), first.version(), number)));
    }
  }
  for (const FoundDocuments::Stretch& stretch : found.stretches) {
    if (state.matches.size() >= options_.matches_per_finding_max) {
      ++state.omitted;
      continue;
    }
    v1::Match& match = state.matches.emplace_back();
    match.set_part(stretch.part);
    match.set_kind(stretch.kind);
    match.set_start(stretch.start);
    match.set_end(stretch.end);
    match.set_confidence(kConfidenceDocuments);
    match.set_masked(kDocumentMask);
  }
  state.omitted += found.stretches_omitted;
}

void FindingCollector::Reject(uint32_t detector, uint64_t start, uint64_t end, std::string_view why,
                              std::string masked) {
  if (rejected_.size() >= kRejectedMax) return;
  const std::string& rule = rules_.detectors[detector].id;
  // Several anchors at one value say the same, one after the other.
  const size_t recent = std::min<size_t>(rejected_.size(), 8);
  const bool said = std::any_of(rejected_.end() - static_cast<std::ptrdiff_t>(recent),
                                rejected_.end(), [&](const v1::RejectedCandidate& other) {
                                  return other.rule() == rule && other.start() == start &&
                                         other.end() == end && other.part() == part_;
                                });
  if (said) return;
  v1::RejectedCandidate& candidate = rejected_.emplace_back();
  candidate.set_rule(rule);
  candidate.set_part(part_);
  candidate.set_start(start);
  candidate.set_end(end);
  candidate.set_why(std::string(why));
  candidate.set_masked(std::move(masked));
}

ScanResult FindingCollector::Finish() {
  ScanResult result;
  bool marked = false;
  for (size_t i = 0; i < states_.size(); ++i) {
    State& state = states_[i];
    const Detector& detector = rules_.detectors[i];
    if (state.count < detector.threshold_count || state.count == 0) continue;
    const auto distinct = std::max(state.distinct, static_cast<uint32_t>(state.values.size()));
    if (distinct < detector.threshold_distinct) continue;
    v1::Finding& finding = result.findings.emplace_back();
    finding.set_rule(detector.id);
    finding.set_level(state.level);
    finding.set_count(static_cast<uint32_t>(std::min<uint64_t>(state.count, UINT32_MAX)));
    finding.set_distinct(distinct);
    finding.set_confidence(state.confidence);
    finding.set_matches_omitted(state.omitted);
    for (v1::Match& match : state.matches) *finding.add_matches() = std::move(match);
    for (v1::RegisteredDocument& document : state.documents) {
      *finding.add_documents() = std::move(document);
    }
    ReportValues(state, finding);
    if (state.marking) {
      *finding.mutable_marking() = *state.marking;
      marked = true;
    }
    result.level = std::max(result.level, state.level);
  }
  result.declassified = expired_ > 0 && !marked;
  result.rejected = std::move(rejected_);
  for (State& state : states_) state = State();
  rejected_.clear();
  expired_ = 0;
  return result;
}

}  // namespace shoumi::rules
