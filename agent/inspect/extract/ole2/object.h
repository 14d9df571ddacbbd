#pragma once

#include <string_view>

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// What "insert object from file" stores: label, path, path again, then the file. From its flags on,
// which in a stream follow the size of the whole.
void ReadOlePackage(std::string_view bytes, Context& context);

// An object as OLE 1 and RTF hold it ([MS-OLEDS] 2.2.4 and 2.2.5): names, then the document or
// package.
void ReadOleObjectData(std::string_view name, std::string_view bytes, Context& context);

}  // namespace shoumi::inspect
