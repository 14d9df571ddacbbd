#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "agent/cli/file_list.h"
#include "common/fd.h"

namespace shoumi::cli {

inline constexpr uint64_t kStandardInputBytesMax = 1ULL << 30;  // more is not inspected, and said

struct Content {
  UniqueFd fd;
  bool cut = false;  // more was there than kStandardInputBytesMax
};

// Opens what was listed; "-" is standard input. Never waits for the other end of a pipe that took
// the place of a listed file.
absl::StatusOr<Content> OpenFile(const ListedFile& file);

// The last words of "what: why".
std::string Why(const absl::Status& status);

}  // namespace shoumi::cli
