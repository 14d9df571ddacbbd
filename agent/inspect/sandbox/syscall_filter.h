#pragma once

#include "absl/status/status.h"

// seccomp filters. Filters add up: the stricter answer counts.
namespace shoumi::inspect {

// Everything allowed except what only serves an attacker; that ends the process.
absl::Status LoadInspectorFilter();

// Nothing allowed (EPERM) except what parsing needs; what only serves an attacker ends the process.
// `may_open`: open(2) for reading gets through, because Landlock decides what can be read.
absl::Status LoadWorkerFilter(bool may_open);

}  // namespace shoumi::inspect
