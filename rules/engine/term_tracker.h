#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "rules/engine/pack.h"
#include "rules/engine/text_window.h"

namespace shoumi::rules {

// A stretch of text in which the terms of a dictionary stand close enough together.
struct TermStretch {
  uint64_t start = 0;  // original offsets in the part
  uint64_t end = 0;
  std::string terms;  // of the pack, in order, joined by "…": no client data
  uint32_t score = 0;
};

// One detector of terms over one part. Hits arrive in order of their ends. Constant work a hit.
class TermTracker {
 public:
  explicit TermTracker(const Detector& detector);

  void BeginPart();
  // A term of the detector at [start, end) of the window's text. True when `stretch` was filled.
  bool Add(const TextWindow& window, uint32_t term, size_t start, size_t end, TermStretch& stretch);

 private:
  struct Hit {
    uint64_t start = 0;  // in normalised text of the part
    uint64_t end = 0;
    uint64_t start_chars = 0;
    uint64_t end_chars = 0;
    uint64_t start_figures = 0;  // before it, since the first hit; of the first `figured_` hits
    uint64_t original_start = 0;
    uint32_t term = 0;
  };
  void Count(uint32_t term);
  void Drop(uint32_t term);
  void Clear();
  // Among the terms that are near, and right before and behind them. Asked for only when the terms
  // are enough; what lies between two terms is counted once.
  uint64_t Figures(const TextWindow& window, size_t end);

  const Detector& detector_;
  std::deque<Hit> hits_;
  size_t figured_ = 0;
  std::vector<uint32_t> times_;  // of each term among `hits_`
  uint32_t score_ = 0;
  uint32_t distinct_ = 0;
};

}  // namespace shoumi::rules
