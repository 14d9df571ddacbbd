#pragma once

#include <string_view>

namespace shoumi::rules {

// True when `code` (at least four digits) starts with a province and prefecture that exist or
// existed (GB/T 2260 and its earlier editions; people keep the code they were given).
bool IsRegion(std::string_view code);
// The province alone, two digits.
bool IsProvince(std::string_view code);

}  // namespace shoumi::rules
