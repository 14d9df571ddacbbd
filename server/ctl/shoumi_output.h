#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace shoumi::ctl {

// Runs the workstation's `shoumi` with these arguments. `take` gets its standard output as it
// comes; an error of it ends the program, and is returned. Else the program's exit status, or -1
// where a signal ended it; its errors go to standard error.
absl::StatusOr<int> RunShoumi(const std::vector<std::string>& arguments,
                              const std::function<absl::Status(std::string_view)>& take);

}  // namespace shoumi::ctl
