#pragma once

#include <string_view>

namespace shoumi::rules {

// `label` in lower case. Country codes (ISO 3166-1 alpha-2 as delegated) and the generic names in
// wide use; file extensions that are no domains are not among them.
bool IsTopLevelDomain(std::string_view label);

}  // namespace shoumi::rules
