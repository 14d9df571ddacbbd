#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// What Outlook sends as "winmail.dat" ([MS-OXTNEF]): texts, bodies, attachments and the messages
// within it.
extern const Format kTnefFormat;

}  // namespace shoumi::inspect
