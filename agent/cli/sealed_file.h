#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi::cli {

// In memory, and nobody can change it. `name` is for who looks at /proc.
absl::StatusOr<UniqueFd> SealedFile(const char* name, std::string_view bytes);

inline constexpr uint64_t kRequestBytesMax = 512ULL << 20;  // as the agent takes of one file

// Of a file, from its start. ResourceExhausted when it has more than `bytes_max` bytes.
absl::StatusOr<UniqueFd> SealedCopy(const char* name, int file, uint64_t bytes_max);

}  // namespace shoumi::cli
