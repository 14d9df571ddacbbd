#include "agent/inspect/extract/ofd/lines.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace shoumi::inspect {
namespace {

// In sizes of a character.
constexpr double kSameLine = 0.5;
constexpr double kSpace = 0.4;
constexpr double kTab = 2;

double Finite(double value) {
  return std::isfinite(value) ? value : 0;
}

}  // namespace

std::string LineBuilder::Take() {
  for (Run& run : runs_) {
    run.x = Finite(run.x);
    run.end = Finite(run.end);
    run.y = Finite(run.y);
    run.size = Finite(run.size);
  }
  std::stable_sort(runs_.begin(), runs_.end(),
                   [](const Run& a, const Run& b) { return a.y < b.y; });
  std::string text;
  for (auto line = runs_.begin(); line != runs_.end();) {
    // A line is where its first run is; small characters beside large ones belong to it.
    auto end = line;
    double size = line->size;
    while (end != runs_.end() && end->y - line->y <= kSameLine * std::max(size, end->size)) {
      size = std::max(size, end->size);
      ++end;
    }
    std::stable_sort(line, end, [](const Run& a, const Run& b) { return a.x < b.x; });
    for (auto run = line; run != end; ++run) {
      if (run != line) {
        const double gap = (run->x - std::prev(run)->end) / std::max(run->size, 1e-6);
        if (gap > kTab) {
          text.push_back('\t');
        } else if (gap > kSpace) {
          text.push_back(' ');
        }
      }
      text += run->text;
    }
    text.push_back('\n');
    line = end;
  }
  runs_.clear();
  return text;
}

}  // namespace shoumi::inspect
