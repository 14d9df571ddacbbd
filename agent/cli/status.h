#pragma once

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "shoumi/v1/local.pb.h"

namespace shoumi::cli {

inline constexpr size_t kStatusBytesMax = 1 << 20;

// The JSON the agent answers with at `socket`. Unavailable when no agent listens there;
// DeadlineExceeded when it does not answer within `wait`.
absl::StatusOr<std::string> AskAgent(const std::string& socket, std::chrono::milliseconds wait);

absl::StatusOr<v1::AgentStatus> ParseStatus(const std::string& json);

// Lines for the employee, in the language of the locale.
std::string DescribeStatus(const v1::AgentStatus& status);

// False when a channel that this version has is not wholly covered, or no policy is in force.
[[nodiscard]] bool AllCovered(const v1::AgentStatus& status);

}  // namespace shoumi::cli
