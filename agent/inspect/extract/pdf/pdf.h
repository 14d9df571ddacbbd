#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

inline constexpr int kPdfPagesMax = 20'000;

// PDF (ISO 32000-1) by poppler: text page by page, document information, outline, embedded files.
// The whole file is held in memory, up to Limits::memory_object_bytes_max.
extern const Format kPdfFormat;

}  // namespace shoumi::inspect
