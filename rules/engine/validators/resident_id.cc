// Resident identity number. GB 11643-1999, 4.1: six digits of region, eight of birth date, three of
// sequence, one check character by ISO 7064 MOD 11-2. The 15-digit form before 1999 has a two-digit
// year and no check. Permanent residence permits of foreigners (since 2023) have the same shape:
// 9, province, ISO 3166-1 number, birth date.
#include <algorithm>
#include <array>
#include <string>

#include "rules/engine/text/dates.h"
#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/checksums.h"
#include "rules/engine/validators/number_run.h"
#include "rules/engine/validators/regions.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr int kBirthYearMin = 1880;
constexpr uint8_t kConfidence18 = 95;
constexpr uint8_t kConfidence15 = 45;

constexpr std::array<std::string_view, 9> kShapes18 = {"684",  "6444",  "6246",  "3384", "33444",
                                                       "6138", "44442", "46444", "66"};
constexpr std::array<std::string_view, 3> kShapes15 = {"663", "6333", "555"};

// "19490231" and the like are no dates, nor are those after today.
bool IsBirthDate(std::string_view digits, std::string_view today) {
  const auto date = ParseCompactDate(digits);
  const auto limit = ParseIsoDate(today);
  return date.has_value() && date->year >= kBirthYearMin && (!limit || *date <= *limit);
}

bool IsForeigner(std::string_view value) {
  return value[0] == '9' && IsProvince(value.substr(1));
}

Reject Check18(std::string_view value, std::string_view today) {
  if (!IsRegion(value) && !IsForeigner(value)) {
    return Reject::kRange;
  }
  if (!IsBirthDate(value.substr(6, 8), today)) {
    return Reject::kRange;
  }
  return Mod11_2Holds(value) ? Reject::kNone : Reject::kChecksum;
}

Reject Check15(std::string_view value, std::string_view today) {
  if (!IsRegion(value) || !IsBirthDate("19" + std::string(value.substr(6, 6)), today)) {
    return Reject::kRange;
  }
  // Three sequence digits start at 001.
  return value.ends_with("000") ? Reject::kRange : Reject::kNone;
}

// Where a check character X ends that follows `to` directly or after the separator of the window.
size_t EndOfX(std::string_view text, size_t to) {
  size_t at = to;
  const CodePoint separator = CharAt(text, at);
  if (IsSpace(separator.value) || IsDash(separator.value)) {
    at += separator.bytes;
  }
  const bool is_x = at < text.size() && (text[at] == 'X' || text[at] == 'x');
  const bool ends = at + 1 >= text.size() || !IsAlnum(text[at + 1]);
  return is_x && ends ? at + 1 : to;
}

bool PlausibleShape(const GroupRun& run, const Window& window, size_t length) {
  if (window.single()) {
    return true;
  }
  if (window.mixed) {
    return false;
  }
  std::string shape = GroupShape(run, window);
  if (length == 17 && !shape.empty()) {
    ++shape.back();  // X belongs to the last group
  }
  if (length == 15) {
    return std::find(kShapes15.begin(), kShapes15.end(), shape) != kShapes15.end();
  }
  // The standard forms, and any other cut into groups of at least two: people space it as they like
  // and the check character decides.
  return std::find(kShapes18.begin(), kShapes18.end(), shape) != kShapes18.end() ||
         window.last - window.first < 5;
}

}  // namespace

Judgement ValidateResidentId(const Candidate& candidate) {
  const GroupRun& run = ReadGroups(candidate, Alphabet::kDigits);
  Reject best = Reject::kShape;
  for (const Window& window : WindowsOf(run, kResidentIdLengths)) {
    if (window.length == 16 || !PlausibleShape(run, window, window.length)) {
      continue;
    }
    CompactNumber number(candidate.text, run, window);
    const size_t from = run.groups[window.first].from;
    size_t to = run.groups[window.last].to;
    if (window.length == 17) {
      const size_t end = EndOfX(candidate.text, to);
      if (end == to) {
        continue;
      }
      to = end;
      number.Append('X');
    }
    const std::string_view value = number.view();
    const Reject reason =
        window.length == 15 ? Check15(value, candidate.today) : Check18(value, candidate.today);
    if (reason != Reject::kNone) {
      best = reason;
      continue;
    }
    if (CutOut(run, window) || !StandsAlone(candidate, from, to)) {
      best = Reject::kBoundary;
      continue;
    }
    if (LabelledOtherwise(candidate.text, from)) {
      best = Reject::kContext;
      continue;
    }
    return {.from = from,
            .to = to,
            .confidence = window.length == 15 ? kConfidence15 : kConfidence18,
            .value = std::string(value),
            .marking = {}};
  }
  return Rejected(best);
}

}  // namespace shoumi::rules
