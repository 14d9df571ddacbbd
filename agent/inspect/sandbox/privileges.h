#pragma once

#include <string>

#include "absl/status/status.h"

namespace shoumi::inspect {

// Becomes `user` with its primary group and no other; empty stays. Only root may change.
absl::Status BecomeUser(const std::string& user);

// Empties the permitted, effective, inheritable, ambient and, where allowed, bounding sets.
absl::Status DropCapabilities();

}  // namespace shoumi::inspect
