// International bank account number. ISO 13616-1: country, two check digits, national account of
// the length the country has registered; MOD 97-10.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/checksums.h"
#include "rules/engine/validators/number_run.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr uint8_t kConfidence = 95;

struct Country {
  std::string_view code;
  uint8_t length;
};
// SWIFT IBAN registry.
constexpr std::array<Country, 84> kCountries = {{
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27},
    {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
    {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20}, {"MR", 27},
    {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24}, {"PL", 28},
    {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24}, {"SC", 31},
    {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28},
    {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29},
}};
constexpr std::array<Country, 3> kMoreCountries = {{{"VA", 22}, {"VG", 24}, {"XK", 20}}};

size_t LengthOf(std::string_view code) {
  const auto same = [&](const Country& country) { return country.code == code; };
  const auto* found = std::find_if(kCountries.begin(), kCountries.end(), same);
  if (found != kCountries.end()) {
    return found->length;
  }
  const auto* more = std::find_if(kMoreCountries.begin(), kMoreCountries.end(), same);
  return more == kMoreCountries.end() ? 0 : more->length;
}

// Printed form: groups of four, the last may be shorter.
bool IsPrinted(const GroupRun& run, const Window& window) {
  if (window.mixed || window.join == Join::kDot) {
    return false;
  }
  for (size_t i = window.first; i < window.last; ++i) {
    if (run.groups[i].size() != 4) {
      return false;
    }
  }
  return run.groups[window.last].size() <= 4;
}

bool IsCase(std::string_view text) {
  const bool lower = std::any_of(text.begin(), text.end(), IsLower);
  const bool upper = std::any_of(text.begin(), text.end(), IsUpper);
  return lower != upper;
}

}  // namespace

Judgement ValidateIban(const Candidate& candidate) {
  const GroupRun& run = ReadGroups(candidate, Alphabet::kAlnum);
  Reject best = Reject::kShape;
  for (const Window& window : WindowsOf(run, kIbanLengths)) {
    const size_t from = run.groups[window.first].from;
    const size_t to = run.groups[window.last].to;
    const CompactNumber number(candidate.text, run, window);
    const std::string_view value = number.view();
    if (!IsUpper(value[0]) || !IsUpper(value[1]) || !IsDigit(value[2]) || !IsDigit(value[3]) ||
        (!window.single() && !IsPrinted(run, window)) ||
        !IsCase(candidate.text.substr(from, to - from))) {
      continue;
    }
    if (LengthOf(value.substr(0, 2)) != value.size()) {
      best = Reject::kRange;
      continue;
    }
    if (!IbanHolds(value)) {
      best = Reject::kChecksum;
      continue;
    }
    if (window.before == Join::kHyphen || window.before == Join::kDot ||
        window.after == Join::kHyphen || !StandsAlone(candidate, from, to)) {
      best = Reject::kBoundary;
      continue;
    }
    return {.from = from,
            .to = to,
            .confidence = kConfidence,
            .value = std::string(value),
            .marking = {}};
  }
  return Rejected(best);
}

}  // namespace shoumi::rules
