#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi::cli {

// In memory, and nobody can change it. `name` is for who looks at /proc.
absl::StatusOr<UniqueFd> SealedFile(const char* name, std::string_view bytes);

}  // namespace shoumi::cli
