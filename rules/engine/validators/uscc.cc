// Unified social credit code of legal persons. GB 32100-2015, 5: registration department, category,
// six digits of region, nine characters of organisation code (GB 11714), check character.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/checksums.h"
#include "rules/engine/validators/number_run.h"
#include "rules/engine/validators/regions.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr uint8_t kConfidence = 95;
// Organisation code part without a valid check: with letters, and as mere figures.
constexpr uint8_t kConfidenceForeignBody = 60;
constexpr uint8_t kConfidenceFigures = 45;

// Table 1 of the standard and its amendments.
bool IsDepartment(char department, char category) {
  constexpr std::array<std::pair<char, std::string_view>, 14> kCategories = {{
      {'1', "1239"},
      {'2', "19"},
      {'3', "123459"},
      {'4', "19"},
      {'5', "1239"},
      {'6', "129"},
      {'7', "129"},
      {'8', "19"},
      {'9', "1239"},
      {'A', "19"},
      {'N', "1239"},
      {'Y', "1"},
      {'G', "19"},
      {'J', "19"},
  }};
  for (const auto& [code, categories] : kCategories) {
    if (code == department) {
      return categories.find(category) != std::string_view::npos;
    }
  }
  return false;
}

// National registers use 100000.
bool IsRegisterRegion(std::string_view digits) {
  for (const char c : digits) {
    if (!IsDigit(c)) {
      return false;
    }
  }
  return digits == "100000" || IsProvince(digits);
}

Reject Check(std::string_view value) {
  if (!IsRegisterRegion(value.substr(2, 6)) || !IsDepartment(value[0], value[1])) {
    return Reject::kRange;
  }
  return CreditCodeHolds(value) ? Reject::kNone : Reject::kChecksum;
}

// Codes are written in one case; aB mixtures are keys and hashes.
bool MixedCase(std::string_view text) {
  bool upper = false;
  bool lower = false;
  for (const char c : text) {
    upper = upper || IsUpper(c);
    lower = lower || IsLower(c);
  }
  return upper && lower;
}

}  // namespace

Judgement ValidateCreditCode(const Candidate& candidate) {
  const GroupRun& run = ReadGroups(candidate, Alphabet::kAlnum);
  Reject best = Reject::kShape;
  for (const Window& window : WindowsOf(run, kCreditCodeLengths)) {
    const size_t from = run.groups[window.first].from;
    const size_t to = run.groups[window.last].to;
    if (window.mixed || window.last - window.first > 8 ||
        (run.lower && MixedCase(candidate.text.substr(from, to - from)))) {
      continue;
    }
    const CompactNumber number(candidate.text, run, window);
    const std::string_view value = number.view();
    const Reject reason = Check(value);
    if (reason != Reject::kNone) {
      best = reason;
      continue;
    }
    if ((window.before != Join::kNone && window.before != Join::kSpace) ||
        window.after == Join::kHyphen || !StandsAlone(candidate, from, to)) {
      best = Reject::kBoundary;
      continue;
    }
    if (LabelledOtherwise(candidate.text, from)) {
      best = Reject::kContext;
      continue;
    }
    const bool whole = OrgCodeHolds(value.substr(8, 9));
    const bool letters = std::any_of(value.begin(), value.end(), IsUpper);
    return {.from = from,
            .to = to,
            .confidence = whole     ? kConfidence
                          : letters ? kConfidenceForeignBody
                                    : kConfidenceFigures,
            .value = std::string(value),
            .marking = {}};
  }
  return Rejected(best);
}

}  // namespace shoumi::rules
