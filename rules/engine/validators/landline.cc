// Fixed telephone numbers of mainland China: area code and seven or eight digits. Service numbers
// (400, 800, 95xxx, 1xxxx) are published by their owners and are not identifiers.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/number_run.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr Lengths kWithAreaLengths{11, 16};
constexpr uint8_t kConfidencePlain = 40;
constexpr uint8_t kConfidenceGrouped = 70;
constexpr uint8_t kConfidenceCountry = 85;

struct Range {
  uint16_t from;
  uint16_t to;
};
// Four-digit area codes without the leading 0.
constexpr std::array<Range, 44> kAreas = {{
    {310, 319}, {335, 335}, {349, 359}, {370, 379}, {391, 396}, {398, 398}, {410, 419}, {421, 421},
    {427, 427}, {429, 429}, {431, 440}, {448, 448}, {451, 459}, {464, 464}, {467, 479}, {482, 483},
    {510, 519}, {523, 523}, {527, 527}, {530, 539}, {543, 543}, {546, 546}, {550, 566}, {570, 580},
    {590, 599}, {631, 635}, {660, 663}, {668, 668}, {691, 692}, {701, 701}, {710, 719}, {722, 728},
    {730, 739}, {743, 746}, {750, 760}, {762, 763}, {766, 779}, {790, 799}, {810, 839}, {851, 859},
    {870, 888}, {890, 899}, {901, 909}, {910, 999},
}};

bool IsLongArea(std::string_view digits) {
  const int area = (digits[1] - '0') * 100 + (digits[2] - '0') * 10 + (digits[3] - '0');
  return std::any_of(kAreas.begin(), kAreas.end(),
                     [&](const Range& r) { return area >= r.from && area <= r.to; });
}

// Digits of the area code at the start of a national number with its leading 0; 0 when unknown.
size_t AreaDigits(std::string_view digits) {
  if (digits.size() < 11 || digits[0] != '0') {
    return 0;
  }
  if (digits[1] == '1' || digits[1] == '2') {
    const bool assigned = digits[1] == '1' ? digits[2] == '0' : digits[2] != '6';
    return assigned && digits.size() == 11 ? 3 : 0;
  }
  return IsLongArea(digits) && digits.size() <= 12 ? 4 : 0;
}

struct Number {
  size_t from = 0;
  size_t to = 0;
  std::string value;  // area code with 0, local number
  uint8_t confidence = 0;
};

bool IsLocal(std::string_view local) {
  return local[0] >= '2' && local[0] <= '8' && !IsMonotone(local.substr(1));
}

// Groups of the local number: 7, 8, 3-4, 4-4.
bool IsLocalShape(std::string_view shape) {
  constexpr std::array<std::string_view, 4> kShapes = {"7", "8", "34", "44"};
  return std::find(kShapes.begin(), kShapes.end(), shape) != kShapes.end();
}

// The area code and local number as one window of groups, country code allowed in front.
bool ReadWindow(const Candidate& candidate, const GroupRun& run, const Window& window,
                Number* number) {
  const CompactNumber compact(candidate.text, run, window);
  const std::string_view digits = compact.view();
  size_t country = 0;
  if (digits.starts_with("0086")) {
    country = 4;
  } else if (digits.starts_with("86")) {
    country = 2;
  }
  std::string national(digits.substr(country));
  if (country > 0 && national[0] != '0') {
    national.insert(national.begin(), '0');
  }
  const size_t area = AreaDigits(national);
  if (area == 0 || !IsLocal(std::string_view(national).substr(area))) {
    return false;
  }
  number->from = run.groups[window.first].from;
  number->to = run.groups[window.last].to;
  number->value = std::move(national);
  if (window.single()) {
    number->confidence = country > 0 ? kConfidenceGrouped : kConfidencePlain;
    return true;
  }
  // Groups must part the area code from the local number.
  size_t skip = window.first + (run.groups[window.first].size() == country ? 1 : 0);
  const size_t area_written = area - (digits.size() - country < number->value.size() ? 1 : 0);
  const size_t lead = run.groups[skip].size() - (skip == window.first ? country : 0);
  if (lead != area_written) {
    return false;
  }
  Window local = window;
  local.first = skip + 1;
  number->confidence = country > 0 ? kConfidenceCountry : kConfidenceGrouped;
  return local.first <= local.last && IsLocalShape(GroupShape(run, local));
}

// An area code in brackets right before the local number: (010)88886666, (0571) 8765 4321.
bool ReadBracketed(const Candidate& candidate, const GroupRun& run, size_t first, size_t last,
                   Number* number) {
  const std::string_view text = candidate.text;
  size_t close = run.groups[first].from;
  close -= close > 0 && (text[close - 1] == ' ' || text[close - 1] == '-') ? 1 : 0;
  if (close < 5 || text[close - 1] != ')') {
    return false;
  }
  const size_t end = close - 1;
  size_t start = end;
  while (start > 0 && end - start < 5 && IsDigit(text[start - 1])) {
    --start;
  }
  if (start == 0 || text[start - 1] != '(' || end - start < 3 || end - start > 4) {
    return false;
  }
  const Window local{.first = first,
                     .last = last,
                     .length = 0,
                     .join = Join::kNone,
                     .mixed = false,
                     .before = Join::kNone,
                     .after = Join::kNone};
  std::string national(text.substr(start, end - start));
  national += CompactNumber(text, run, local).view();
  const size_t area = AreaDigits(national);
  if (area != end - start || !IsLocal(std::string_view(national).substr(area)) ||
      !IsLocalShape(GroupShape(run, local))) {
    return false;
  }
  *number = {start - 1, run.groups[last].to, std::move(national), kConfidenceCountry};
  return true;
}

// When the anchor lies on an area code in brackets: one at the number behind.
std::optional<Candidate> PastBracket(const Candidate& candidate) {
  const std::string_view text = candidate.text;
  size_t at = candidate.from;
  while (at < text.size() && at - candidate.from < 6 && (IsDigit(text[at]) || text[at] == '(')) {
    ++at;
  }
  if (at < text.size() && text[at] == ')') {
    ++at;
    at += at < text.size() && (text[at] == ' ' || text[at] == '-') ? 1 : 0;
    if (at < text.size() && IsDigit(text[at])) {
      Candidate moved = candidate;
      moved.from = at;
      moved.to = at + 1;
      moved.runs = GroupRuns();
      return moved;
    }
  }
  return std::nullopt;
}

// A short extension may follow after a hyphen.
bool CutOutOfMore(const GroupRun& run, const Window& window) {
  if (window.before != Join::kNone && window.before != Join::kSpace) {
    return true;
  }
  if (window.after == Join::kHyphen) {
    const size_t next = window.last + 1;
    return run.groups[next].size() > 5 ||
           (next + 1 < run.count && run.joins[next] == Join::kHyphen);
  }
  return CutOut(run, window);
}

Reject CheckAround(const Candidate& candidate, const Number& number) {
  size_t from = number.from;
  from -= from > 0 && candidate.text[from - 1] == '+' ? 1 : 0;
  if (!StandsAlone(candidate, from, number.to)) {
    return Reject::kBoundary;
  }
  const bool other =
      LabelledOtherwise(candidate.text, from) || IsAmount(candidate.text, from, number.to);
  return other ? Reject::kContext : Reject::kNone;
}

Judgement Accept(Number number) {
  return {.from = number.from,
          .to = number.to,
          .confidence = number.confidence,
          .value = std::move(number.value),
          .marking = {}};
}

}  // namespace

Judgement ValidateLandline(const Candidate& given) {
  const std::optional<Candidate> moved = PastBracket(given);
  const Candidate& candidate = moved ? *moved : given;
  const GroupRun& run = ReadGroups(candidate, Alphabet::kDigits);
  Reject best = Reject::kShape;
  Number number;
  for (size_t last = 0; last < run.count && last < 2; ++last) {
    if (ReadBracketed(candidate, run, 0, last, &number)) {
      const Reject reason = CheckAround(candidate, number);
      if (reason == Reject::kNone) {
        return Accept(std::move(number));
      }
      best = reason;
    }
  }
  for (const Window& window : WindowsOf(run, kWithAreaLengths)) {
    if (window.last - window.first > 4 || !ReadWindow(candidate, run, window, &number)) {
      continue;
    }
    const Reject reason =
        CutOutOfMore(run, window) ? Reject::kBoundary : CheckAround(candidate, number);
    if (reason == Reject::kNone) {
      return Accept(std::move(number));
    }
    best = reason;
  }
  return Rejected(best);
}

}  // namespace shoumi::rules
