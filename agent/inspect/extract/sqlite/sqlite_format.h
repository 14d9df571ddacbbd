#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// SQLite 3 databases: every table as a sheet with its columns' names as head, the schema, and
// values that are documents. Records that were deleted and what only a write-ahead log holds are
// not read.
extern const Format kSqliteFormat;

}  // namespace shoumi::inspect
