#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Rich Text Format 1.9.1: text with its headers, footers, notes, comments, shapes and properties;
// pictures and embedded objects are handed on.
extern const Format kRtfFormat;

}  // namespace shoumi::inspect
