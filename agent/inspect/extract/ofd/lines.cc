#include "agent/inspect/extract/ofd/lines.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
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

// Where the line that begins with `line` ends. A line is where its first run is; small characters
// beside large ones belong to it.
template <typename Iterator>
Iterator EndOfLine(Iterator line, Iterator end) {
  double size = line->size;
  auto next = line;
  while (next != end && next->y - line->y <= kSameLine * std::max(size, next->size)) {
    size = std::max(size, next->size);
    ++next;
  }
  return next;
}

double GapBefore(const LineBuilder::Run& before, const LineBuilder::Run& run) {
  return (run.x - before.end) / std::max(run.size, 1e-6);
}

bool IsSingle(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }) == 1;
}

}  // namespace

void LineBuilder::PutLine(Runs line, Runs end, std::string& text, std::vector<Run>& alone) {
  std::stable_sort(line, end, [](const Run& a, const Run& b) { return a.x < b.x; });
  for (auto run = line; run != end; ++run) {
    const double gap = run == line ? kTab : GapBefore(*std::prev(run), *run);
    if (gap > kTab) {
      text.push_back('\t');
    } else if (run != line && gap > kSpace) {
      text.push_back(' ');
    }
    text += run->text;
    const double next = std::next(run) == end ? kTab : GapBefore(*run, *std::next(run));
    if (gap > kSpace && next > kSpace && run->direction == Direction::kRight &&
        IsSingle(run->text)) {
      alone.push_back(
          {run->y, run->y + run->size, -run->x, run->size, run->text, Direction::kDown});
    }
  }
  text.push_back('\n');
}

void LineBuilder::PutLines(Runs runs, Runs end, std::string& text, std::vector<Run>& alone) {
  std::stable_sort(runs, end, [](const Run& a, const Run& b) { return a.y < b.y; });
  while (runs != end) {
    const Runs next = EndOfLine(runs, end);
    PutLine(runs, next, text, alone);
    runs = next;
  }
}

void LineBuilder::PutColumns(std::vector<Run>& alone, std::string& text) {
  std::stable_sort(alone.begin(), alone.end(),
                   [](const Run& a, const Run& b) { return a.y < b.y; });
  for (auto column = alone.begin(); column != alone.end();) {
    const auto end = EndOfLine(column, alone.end());
    std::stable_sort(column, end, [](const Run& a, const Run& b) { return a.x < b.x; });
    while (column != end) {
      auto last = std::next(column);
      while (last != end && GapBefore(*std::prev(last), *last) <= kSpace) ++last;
      const bool alone_still = std::next(column) == last;
      for (; column != last; ++column) text += alone_still ? std::string() : column->text;
      if (!alone_still) text.push_back('\n');
    }
  }
}

std::string LineBuilder::Take() {
  for (Run& run : runs_) {
    run.x = Finite(run.x);
    run.end = Finite(run.end);
    run.y = Finite(run.y);
    run.size = Finite(run.size);
  }
  std::stable_sort(runs_.begin(), runs_.end(),
                   [](const Run& a, const Run& b) { return a.direction < b.direction; });
  std::string text;
  std::vector<Run> alone;
  for (auto runs = runs_.begin(); runs != runs_.end();) {
    const auto end = std::find_if(runs, runs_.end(),
                                  [&](const Run& one) { return one.direction != runs->direction; });
    PutLines(runs, end, text, alone);
    runs = end;
  }
  PutColumns(alone, text);
  runs_.clear();
  return text;
}

}  // namespace shoumi::inspect
