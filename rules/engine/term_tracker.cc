#include "rules/engine/term_tracker.h"

#include <algorithm>

#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

constexpr size_t kTermsShownMax = 8;
constexpr size_t kFigureReachBytes = 120;  // of an amount or number in front of or behind a term
constexpr size_t kNumberFiguresMin = 3;    // 第15条 and 30日 are in rules as well
static_assert(4 * kWithinCharsMax + kFigureReachBytes + kWordBytesMax <= kLookBytes);

bool IsFigure(char c) {
  return c >= '0' && c <= '9';
}

// Figures of the numbers in `text`, 12,800.00 being one number.
size_t CountFigures(std::string_view text) {
  size_t all = 0;
  size_t figures = 0;
  for (const char c : text) {
    if (IsFigure(c)) {
      ++figures;
    } else if (c != ',' && c != '.') {
      all += figures >= kNumberFiguresMin ? figures : 0;
      figures = 0;
    }
  }
  return all + (figures >= kNumberFiguresMin ? figures : 0);
}

}  // namespace

TermTracker::TermTracker(const Detector& detector)
    : detector_(detector), times_(detector.terms.size()) {}

void TermTracker::Count(uint32_t term) {
  if (times_[term]++ > 0) return;
  ++distinct_;
  score_ += detector_.terms[term].weight;
}

void TermTracker::Drop(uint32_t term) {
  if (--times_[term] > 0) return;
  --distinct_;
  score_ -= detector_.terms[term].weight;
}

void TermTracker::Clear() {
  for (const Hit& hit : hits_) Drop(hit.term);
  hits_.clear();
  figured_ = 0;
}

uint64_t TermTracker::Figures(const TextWindow& window, size_t end) {
  const auto offset = [&](const Hit& hit) {
    return static_cast<size_t>(hit.start - window.base());
  };
  for (size_t i = std::max<size_t>(figured_, 1); i < hits_.size(); ++i) {
    const size_t from = offset(hits_[i - 1]);
    hits_[i].start_figures = hits_[i - 1].start_figures +
                             CountFigures(window.text().substr(from, offset(hits_[i]) - from));
  }
  figured_ = hits_.size();
  const size_t from = offset(hits_.front());
  const size_t before = std::min(from, kFigureReachBytes);
  const size_t last = offset(hits_.back());
  return CountFigures(window.text().substr(from - before, before)) +
         (hits_.back().start_figures - hits_.front().start_figures) +
         CountFigures(window.text().substr(last, end - last + kFigureReachBytes));
}

void TermTracker::BeginPart() {
  Clear();
}

bool TermTracker::Add(const TextWindow& window, uint32_t term, size_t start, size_t end,
                      TermStretch& stretch) {
  Hit hit{window.base() + start, window.base() + end, 0, 0, 0, window.OriginalStart(start), term};
  if (!hits_.empty()) {
    const Hit& last = hits_.back();
    if (hit.start >= last.start && hit.end <= last.end) return false;
    if (hit.start <= last.start) {  // the longer of two terms at one place
      Drop(last.term);
      hits_.pop_back();
      figured_ = std::min(figured_, hits_.size());
    }
  }
  if (!hits_.empty()) {
    const Hit& last = hits_.back();
    if (hit.start - last.start > 4 * uint64_t{detector_.within_chars}) {
      Clear();
    } else {
      const auto at = static_cast<size_t>(last.start - window.base());
      hit.start_chars = last.start_chars + CountCharacters(window.text().substr(at, start - at));
    }
  }
  hit.end_chars = hit.start_chars + CountCharacters(window.text().substr(start, end - start));
  hits_.push_back(hit);
  Count(term);
  while (hit.end_chars - hits_.front().start_chars > detector_.within_chars && hits_.size() > 1) {
    Drop(hits_.front().term);
    hits_.pop_front();
    figured_ -= figured_ > 0 ? 1 : 0;
  }
  if (score_ < detector_.score_min || distinct_ < detector_.distinct_min) return false;
  if (detector_.figures_min > 0 && Figures(window, end) < detector_.figures_min) return false;
  stretch = {hits_.front().original_start, window.OriginalEnd(end), {}, score_};
  for (size_t i = 0; i < hits_.size() && i < kTermsShownMax; ++i) {
    if (i > 0) stretch.terms += "…";
    stretch.terms += detector_.terms[hits_[i].term].text;
  }
  Clear();
  return true;
}

}  // namespace shoumi::rules
