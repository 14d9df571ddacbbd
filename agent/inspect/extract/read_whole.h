#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// All of `source` up to its end, for formats that need it in memory. What precedes damage is
// returned and the damage reported (PARTIAL). ResourceExhausted beyond
// Limits::memory_object_bytes_max.
absl::StatusOr<std::string> ReadWhole(Source& source, Context& context);

}  // namespace shoumi::inspect
