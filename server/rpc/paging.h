#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace shoumi::server {

// Rows of a page that is asked for; 0 is the default. InvalidArgument beyond the bound.
absl::StatusOr<uint32_t> PageSize(uint32_t asked);

// Page tokens of lists that are ordered by number: the number of the last row seen; 0 for none.
absl::StatusOr<uint64_t> NumberOfToken(const std::string& page_token);

}  // namespace shoumi::server
