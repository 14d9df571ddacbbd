#pragma once

#include <string_view>

namespace shoumi::rules {

// A few thousand bytes of ordinary Chinese and English office prose without any identifier, against
// which the expressions of packs are tried: one that fires here is too slow for every document.
std::string_view OrdinaryText();

}  // namespace shoumi::rules
