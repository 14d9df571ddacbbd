#pragma once

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// What libarchive reads beside zip: 7z, rar, cab, lha, iso9660, the tar family, cpio, ar and rpm,
// and single files that are compressed. Every member is a document of its own.
extern const Format kArchiveFormat;

}  // namespace shoumi::inspect
