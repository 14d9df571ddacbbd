#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Compound files: told apart by their streams. Encrypted Office documents are named as such,
// packages (what "insert object" makes) are opened, everything else is UNSUPPORTED with its type.
extern const Format kOle2Format;

}  // namespace shoumi::inspect
