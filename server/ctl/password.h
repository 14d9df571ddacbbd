#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace shoumi::ctl {

// The first line of `file`. A regular file that others can read is refused.
absl::StatusOr<std::string> ReadPasswordFile(const std::string& file);

// Asks on the terminal without showing what is typed; `flag` is what to use where there is none.
absl::StatusOr<std::string> AskPassword(const std::string& prompt, const std::string& flag);

// Asks on the terminal; only "y" and "yes" are yes. FailedPrecondition where there is none.
absl::StatusOr<bool> AskYes(const std::string& question, const std::string& flag);

}  // namespace shoumi::ctl
