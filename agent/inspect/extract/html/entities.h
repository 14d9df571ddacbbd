#pragma once

#include <string>
#include <string_view>

namespace shoumi::inspect {

// Text or an attribute value with its character references replaced (HTML, 13.2.5.72 to 80 and
// 13.5). Unknown ones stay as they are.
std::string WithoutReferences(std::string_view text);

}  // namespace shoumi::inspect
