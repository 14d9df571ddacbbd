#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Hands the pictures and embedded objects of an RTF document to Context::Nested, one after the
// other; each is held in memory, up to Limits::memory_object_bytes_max.
void ReadRtfObjects(Source& source, Context& context);

}  // namespace shoumi::inspect
