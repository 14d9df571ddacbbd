#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi {

// A local stream socket that every user of the machine may connect to, in place of what is at
// `path`: whoever calls has seen to it that nobody else listens there. Does not block.
absl::StatusOr<UniqueFd> ListenLocally(const std::string& path, int waiting_max);

// Connects to one; Unavailable when nobody listens there. Blocks.
absl::StatusOr<UniqueFd> ConnectLocally(const std::string& path);

}  // namespace shoumi
