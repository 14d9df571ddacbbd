#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "rules/engine/scanner.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {

// Bounds after which a worker asks to be replaced: what fragments or leaks ends with it.
inline constexpr uint64_t kWorkerGrowthBytesMax = 256ULL
                                                  << 20;  // peak resident size over its start
inline constexpr uint32_t kWorkerCpuSecondsMax = 300;     // half of the hard limit

// Answers InspectRequests on `socket` until the other end closes (OK). Call inside the sandbox.
absl::Status RunWorker(int socket, rules::Scanner& scanner, const v1::InspectLimits& limits,
                       const std::optional<registry::SipKey>& value_key);

}  // namespace shoumi::inspect
