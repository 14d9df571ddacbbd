#include "rules/engine/term_tracker.h"

#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

constexpr size_t kTermsShownMax = 8;

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
}

void TermTracker::BeginPart() {
  Clear();
}

bool TermTracker::Add(const TextWindow& window, uint32_t term, size_t start, size_t end,
                      TermStretch& stretch) {
  Hit hit{window.base() + start, window.base() + end, 0, 0, window.OriginalStart(start), term};
  if (!hits_.empty()) {
    const Hit& last = hits_.back();
    if (hit.start >= last.start && hit.end <= last.end) return false;
    if (hit.start <= last.start) {  // the longer of two terms at one place
      Drop(last.term);
      hits_.pop_back();
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
  }
  if (score_ < detector_.score_min || distinct_ < detector_.distinct_min) return false;
  stretch = {hits_.front().original_start, window.OriginalEnd(end), {}, score_};
  for (size_t i = 0; i < hits_.size() && i < kTermsShownMax; ++i) {
    if (i > 0) stretch.terms += "…";
    stretch.terms += detector_.terms[hits_[i].term].text;
  }
  Clear();
  return true;
}

}  // namespace shoumi::rules
