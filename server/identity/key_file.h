#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace shoumi::server {

// Files that hold key material. Reading refuses (FailedPrecondition) a file that is not a regular
// file of this process's user, or that group or others have any right on. NotFound when absent.
absl::StatusOr<std::string> ReadKeyFile(const std::filesystem::path& path);

// Mode 0600, durable, replaces what is there.
absl::Status WriteKeyFile(const std::filesystem::path& path, std::string_view bytes);

}  // namespace shoumi::server
