#pragma once

#include <string>
#include <string_view>

namespace shoumi::inspect {

// Text or an attribute value with its character references replaced (HTML, 13.5): numbers, and the
// names of HTML 4 that stand for letters, spaces, quotes, dashes, currencies and signs. Unknown
// ones stay as they are.
std::string WithoutReferences(std::string_view text);

}  // namespace shoumi::inspect
