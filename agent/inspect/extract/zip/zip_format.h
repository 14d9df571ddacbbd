#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Zip files (APPNOTE 6.3): every member is a document of its own.
extern const Format kZipFormat;

}  // namespace shoumi::inspect
