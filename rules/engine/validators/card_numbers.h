#pragma once

#include <string_view>

#include "rules/engine/validators/number_run.h"

// Payment card numbers, ISO/IEC 7812-1: issuer, account, Luhn check digit.
namespace shoumi::rules {

// By the first digits and the length. Chinese: UnionPay and the older ranges of Chinese banks.
bool IsChineseIssuer(std::string_view digits);
bool IsInternationalIssuer(std::string_view digits);

// True when the groups are cut as cards print or people write them.
bool IsCardShape(const GroupRun& run, const Window& window);
// Any few groups of three or more: 622202 4840 348680047.
bool IsLooseCardShape(const GroupRun& run, const Window& window);

}  // namespace shoumi::rules
