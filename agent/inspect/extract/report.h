#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Names a failure of reading `part`: ResourceExhausted → OVERSIZE, OutOfRange → TOO_MANY,
// PermissionDenied → ENCRYPTED,
// Unimplemented → UNSUPPORTED, Aborted → nothing, since the bound that stopped it is recorded;
// everything else CORRUPT, or PARTIAL when `something_read`. No-op for OK.
void ReportFailure(Context& context, std::string_view part, const absl::Status& status,
                   bool something_read);

}  // namespace shoumi::inspect
