#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// HTML and XHTML: what is shown, as it flows, and behind it what is not.
extern const Format kHtmlFormat;

}  // namespace shoumi::inspect
