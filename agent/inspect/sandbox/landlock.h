#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/inspect/sandbox/sandbox.h"

namespace shoumi::inspect {

// Restricts the calling thread: no file system except reading below `readable`, no TCP bind or
// connect (ABI 4), no abstract sockets of and no signals to others (ABI 6). A kernel without
// Landlock gives an inactive layer; an error is a kernel that has it and refuses.
absl::StatusOr<SandboxLayer> RestrictWithLandlock(const std::vector<std::string>& readable);

}  // namespace shoumi::inspect
