#pragma once

#include <chrono>
#include <string_view>

#include "absl/status/statusor.h"

namespace shoumi::ctl {

// "90s", "10m", "1h", "7d".
absl::StatusOr<std::chrono::seconds> ParseDuration(std::string_view text);

}  // namespace shoumi::ctl
