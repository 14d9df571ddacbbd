#pragma once

#include <string_view>

namespace shoumi::inspect {

extern const std::string_view kEntityTable;

}  // namespace shoumi::inspect
