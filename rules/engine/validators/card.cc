// International payment cards: ISO/IEC 7812-1 with the ranges of Visa, Mastercard, American
// Express, JCB, Diners Club and Discover. UnionPay belongs to bank_card.
#include <string>
#include <utility>

#include "rules/engine/validators/card_numbers.h"
#include "rules/engine/validators/checksums.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr uint8_t kConfidenceGrouped = 92;
constexpr uint8_t kConfidencePlain = 75;
// 13 and 14 digits: timestamps and counters are as long. 17 and more: accounts are, and hardly any
// card is.
constexpr uint8_t kConfidenceUncommon = 50;

}  // namespace

Judgement ValidateCard(const Candidate& candidate) {
  const GroupRun& run = ReadGroups(candidate, Alphabet::kDigits);
  Reject best = Reject::kShape;
  for (const Window& window : WindowsOf(run, kCardLengths)) {
    const CompactNumber number(candidate.text, run, window);
    const std::string_view value = number.view();
    if (!IsCardShape(run, window)) {
      continue;
    }
    if (!IsInternationalIssuer(value)) {
      best = Reject::kRange;
      continue;
    }
    if (!LuhnHolds(value)) {
      best = Reject::kChecksum;
      continue;
    }
    if (IsMonotone(value.substr(4, value.size() - 5)) && value[4] == '0') {
      best = Reject::kExcluded;
      continue;
    }
    const size_t from = run.groups[window.first].from;
    const size_t to = run.groups[window.last].to;
    if (CutOut(run, window) || !StandsAlone(candidate, from, to)) {
      best = Reject::kBoundary;
      continue;
    }
    if (LabelledOtherwise(candidate.text, from)) {
      best = Reject::kContext;
      continue;
    }
    const bool usual = value.size() == 15 || value.size() == 16;
    return {.from = from,
            .to = to,
            .confidence = !window.single() ? kConfidenceGrouped
                          : usual          ? kConfidencePlain
                                           : kConfidenceUncommon,
            .value = std::string(value),
            .marking = {}};
  }
  return Rejected(best);
}

}  // namespace shoumi::rules
