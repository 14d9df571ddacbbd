#pragma once

#include <string>
#include <string_view>

namespace shoumi::inspect {

// A number as sheets store it, written out: "1.3812345678E10" → "13812345678", "5.0" → "5". Digits
// are moved, never computed, so 18 of them survive. What is not a number, or would need more than
// 64 characters, comes back as it is.
std::string PlainNumber(std::string_view stored);

}  // namespace shoumi::inspect
