#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "agent/inspect/inspector_rules.h"

namespace shoumi::cli {

// The index of a table of clients, made here and for this process only. What the columns are stands
// beside the table, in the file of its name with .yaml as its suffix. InvalidArgument: one line a
// problem, with file and line; a table with a bad row is refused as a whole.
absl::StatusOr<inspect::RegistryFile> IndexTable(const std::string& table);

}  // namespace shoumi::cli
