#pragma once

#include <string_view>

#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

class CompoundFile;

// Compound files: told apart by their streams. Documents of Word, Excel and PowerPoint are read
// (see office.h), encrypted ones named as such, packages (what "insert object" makes) opened;
// everything else is UNSUPPORTED with its type.
extern const Format kOle2Format;

// Opens the objects that `file` holds, wherever in it. True when there was one.
bool ReadOleObjects(CompoundFile& file, Context& context);
// Whether the stream is an object, which ReadOleObjects() opens, or only tells about one
// ([MS-OLEDS] 2.3, the name of the program, a cached picture).
bool IsOleBookkeeping(std::string_view stream);

}  // namespace shoumi::inspect
