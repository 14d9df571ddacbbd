#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Plain text in UTF-8, UTF-16, UTF-32, GB18030, Big5 or a Western code page, of any length.
extern const Format kTextFormat;

}  // namespace shoumi::inspect
