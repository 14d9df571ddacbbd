#include <array>
#include <utility>

#include "rules/engine/markings/marking.h"
#include "rules/engine/validator.h"
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

Validator FindValidator(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Validator>, 13> kValidators = {{
      {"resident_id", &ValidateResidentId},
      {"uscc", &ValidateCreditCode},
      {"org_code", &ValidateOrgCode},
      {"mobile", &ValidateMobile},
      {"landline", &ValidateLandline},
      {"bank_card", &ValidateBankCard},
      {"passport", &ValidatePassport},
      {"travel_permit", &ValidateTravelPermit},
      {"plate", &ValidatePlate},
      {"email", &ValidateEmail},
      {"iban", &ValidateIban},
      {"card", &ValidateCard},
      {"marking", &ValidateMarking},
  }};
  for (const auto& [known, validator] : kValidators) {
    if (known == name) {
      return validator;
    }
  }
  return nullptr;
}

}  // namespace shoumi::rules
