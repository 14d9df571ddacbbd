#pragma once

#include <string>
#include <string_view>

namespace shoumi::inspect {

// Header and footer of a sheet without what sets its font, size, colour and place ("&L", "&C",
// "&\"Arial\"", "&10": ECMA-376-1, 18.3.1.46; [MS-XLS] 2.4.136). `text` and the result are UTF-8.
std::string WithoutLayoutCodes(std::string_view text);

}  // namespace shoumi::inspect
