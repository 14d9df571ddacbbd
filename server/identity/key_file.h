#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace shoumi::server {

// FailedPrecondition for what is not a regular file of this process's user, or what group or others
// have any right on. NotFound when absent.
absl::Status CheckPrivateFile(const std::filesystem::path& path);

// Key material, from a file that is private in that sense.
absl::StatusOr<std::string> ReadKeyFile(const std::filesystem::path& path);

// Mode 0600, durable, replaces what is there.
absl::Status WriteKeyFile(const std::filesystem::path& path, std::string_view bytes);

}  // namespace shoumi::server
