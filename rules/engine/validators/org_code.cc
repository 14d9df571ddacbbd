// Organisation code. GB 11714-1997, 3: eight characters 0-9 A-Z, a hyphen when printed, one check
// character. One in eleven nine-digit numbers passes, so the code needs a keyword next to it.
#include <string>
#include <utility>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/checksums.h"
#include "rules/engine/validators/number_run.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr uint8_t kConfidenceHyphen = 45;
constexpr uint8_t kConfidencePlain = 30;

bool IsOrdinaryWord(std::string_view text) {
  bool lower = false;
  int digits = 0;
  if (text.ends_with('x')) {
    text.remove_suffix(1);  // the check character
  }
  for (const char c : text) {
    lower = lower || IsLower(c);
    digits += IsDigit(c) ? 1 : 0;
  }
  return lower || (digits == 0 && !text.starts_with("MA"));
}

bool IsShape(const GroupRun& run, const Window& window) {
  return window.single() || (window.last - window.first == 1 && window.join == Join::kHyphen &&
                             run.groups[window.first].size() == 8);
}

}  // namespace

Judgement ValidateOrgCode(const Candidate& candidate) {
  const GroupRun& run = ReadGroups(candidate, Alphabet::kAlnum);
  Reject best = Reject::kShape;
  for (const Window& window : WindowsOf(run, kOrgCodeLengths)) {
    const size_t from = run.groups[window.first].from;
    const size_t to = run.groups[window.last].to;
    if (!IsShape(run, window) || IsOrdinaryWord(candidate.text.substr(from, to - from))) {
      continue;
    }
    const CompactNumber number(candidate.text, run, window);
    const std::string_view value = number.view();
    if (!OrgCodeHolds(value)) {
      best = Reject::kChecksum;
      continue;
    }
    if (IsMonotone(value.substr(0, 8)) || value.starts_with("12345678")) {
      best = Reject::kExcluded;
      continue;
    }
    if ((window.before != Join::kNone && window.before != Join::kSpace) ||
        window.after == Join::kHyphen || window.after == Join::kDot ||
        !StandsAlone(candidate, from, to)) {
      best = Reject::kBoundary;
      continue;
    }
    if (LabelledOtherwise(candidate.text, from) || IsAmount(candidate.text, from, to)) {
      best = Reject::kContext;
      continue;
    }
    return {.from = from,
            .to = to,
            .confidence = window.single() ? kConfidencePlain : kConfidenceHyphen,
            .value = std::string(value),
            .marking = {}};
  }
  return Rejected(best);
}

}  // namespace shoumi::rules
