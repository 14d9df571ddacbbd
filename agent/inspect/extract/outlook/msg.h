#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Messages that Outlook saves as files ([MS-OXMSG]): texts, bodies, recipients, attachments and the
// messages within them.
extern const Format kMsgFormat;

}  // namespace shoumi::inspect
