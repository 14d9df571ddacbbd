#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// OpenDocument 1.3 (text, sheets, presentations, drawings; their templates): the package, and the
// single XML stream, flat or taken out of one.
extern const Format kOdfFormat;
extern const Format kOdfXmlFormat;

}  // namespace shoumi::inspect
