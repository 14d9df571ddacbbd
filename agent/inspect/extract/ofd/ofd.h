#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Open Fixed-layout Document (GB/T 33190-2016): pages and templates line by line, annotations,
// watermarks, properties, outline; attachments, pictures and whatever else it holds are handed on.
extern const Format kOfdFormat;

}  // namespace shoumi::inspect
