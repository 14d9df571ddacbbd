// Bank cards issued in China: ISO/IEC 7812-1, UnionPay 62 with 16 to 19 digits and the older ranges
// of single banks.
#include <string>
#include <utility>

#include "rules/engine/text/dates.h"
#include "rules/engine/validators/card_numbers.h"
#include "rules/engine/validators/checksums.h"
#include "rules/engine/validators/regions.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr uint8_t kConfidenceGrouped = 92;
constexpr uint8_t kConfidencePlain = 80;     // 16 and 19 digits
constexpr uint8_t kConfidenceUncommon = 60;  // 15, 17 and 18 digits
constexpr uint8_t kConfidenceLoose = 40;     // neighbours in a table look the same: needs a keyword

// Account figures that nobody was given.
bool IsPlaceholder(std::string_view digits) {
  return IsMonotone(digits.substr(6, digits.size() - 7));
}

// Region 62 is Gansu: 18 digits with a birth date look like a person, and with their own check are
// one.
bool LooksLikeResidentId(std::string_view digits) {
  return digits.size() == 18 && IsRegion(digits) &&
         ParseCompactDate(digits.substr(6, 8)).has_value();
}

// The first sixteen figures of a number that goes on: 6222 0212 3456 7890 12.
bool GoesOn(std::string_view text, const GroupRun& run, const Window& window) {
  if (window.single() || window.after != window.join) {
    return false;
  }
  const Group& next = run.groups[window.last + 1];
  return next.size() <= 3 && (next.to >= text.size() || text[next.to] != '/');
}

}  // namespace

Judgement ValidateBankCard(const Candidate& candidate) {
  const GroupRun& run = ReadGroups(candidate, Alphabet::kDigits);
  Reject best = Reject::kShape;
  for (const Window& window : WindowsOf(run, kBankCardLengths)) {
    const CompactNumber number(candidate.text, run, window);
    const std::string_view value = number.view();
    const bool usual = IsCardShape(run, window);
    if (!usual && !IsLooseCardShape(run, window)) {
      continue;
    }
    if (!IsChineseIssuer(value)) {
      best = Reject::kRange;
      continue;
    }
    if (!LuhnHolds(value)) {
      best = Reject::kChecksum;
      continue;
    }
    const bool person = LooksLikeResidentId(value);
    if (IsPlaceholder(value) || (person && Mod11_2Holds(value))) {
      best = Reject::kExcluded;
      continue;
    }
    const size_t from = run.groups[window.first].from;
    const size_t to = run.groups[window.last].to;
    if (CutOut(run, window) || GoesOn(candidate.text, run, window) ||
        !StandsAlone(candidate, from, to)) {
      best = Reject::kBoundary;
      continue;
    }
    if (LabelledOtherwise(candidate.text, from)) {
      best = Reject::kContext;
      continue;
    }
    const bool common = value.size() == 16 || value.size() == 19;
    return {.from = from,
            .to = to,
            .confidence = !usual || person   ? kConfidenceLoose
                          : !window.single() ? kConfidenceGrouped
                          : common           ? kConfidencePlain
                                             : kConfidenceUncommon,
            .value = std::string(value),
            .marking = {}};
  }
  return Rejected(best);
}

}  // namespace shoumi::rules
