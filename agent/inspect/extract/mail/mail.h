#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// Mail messages (RFC 5322 with RFC 2045 to 2049), web archives in the same form (RFC 2557), and
// mailboxes of several messages (RFC 4155). Each leaf of a message is decoded and is a document of
// its own.
extern const Format kMailFormat;

}  // namespace shoumi::inspect
