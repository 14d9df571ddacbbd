#include <algorithm>
#include <array>

#include "rules/engine/markings/marking.h"
#include "rules/engine/validator.h"
#include "rules/engine/validators/number_run.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {

std::string_view RejectName(Reject reject) {
  switch (reject) {
    case Reject::kNone:
      return "none";
    case Reject::kShape:
      return "shape";
    case Reject::kBoundary:
      return "boundary";
    case Reject::kChecksum:
      return "checksum";
    case Reject::kRange:
      return "range";
    case Reject::kContext:
      return "context";
    case Reject::kProse:
      return "prose";
    case Reject::kExcluded:
      return "excluded";
  }
  return "unknown";
}

const Validator* FindValidator(std::string_view name) {
  constexpr auto kDigits = Alphabet::kDigits;
  constexpr auto kAlnum = Alphabet::kAlnum;
  static constexpr std::array<Validator, 13> kValidators = {{
      {"resident_id", &ValidateResidentId, kDigits, kResidentIdLengths},
      {"uscc", &ValidateCreditCode, kAlnum, kCreditCodeLengths},
      {"org_code", &ValidateOrgCode, kAlnum, kOrgCodeLengths},
      {"mobile", &ValidateMobile, kDigits, kMobileLengths},
      {"landline", &ValidateLandline, kDigits, kLandlineLengths},
      {"bank_card", &ValidateBankCard, kDigits, kBankCardLengths},
      {"passport", &ValidatePassport, kAlnum, {}},
      {"travel_permit", &ValidateTravelPermit, kAlnum, {}},
      {"plate", &ValidatePlate, kAlnum, {}},
      {"email", &ValidateEmail, kAlnum, {}},
      {"iban", &ValidateIban, kAlnum, kIbanLengths},
      {"card", &ValidateCard, kDigits, kCardLengths},
      {"marking", &ValidateMarking, kAlnum, {}},
  }};
  const auto* found = std::find_if(kValidators.begin(), kValidators.end(),
                                   [&](const Validator& known) { return known.name == name; });
  return found == kValidators.end() ? nullptr : found;
}

bool MayHold(const Validator& validator, const Candidate& candidate) {
  if (validator.lengths.max == 0) {
    return true;
  }
  const GroupRun& run = ReadGroups(candidate, validator.alphabet);
  const size_t length = run.groups[0].size();
  return run.count > 1 ||
         (run.count == 1 && length >= validator.lengths.min && length <= validator.lengths.max);
}

}  // namespace shoumi::rules
