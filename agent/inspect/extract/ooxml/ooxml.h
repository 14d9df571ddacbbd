#pragma once

#include "agent/inspect/extract/extract.h"

// Office Open XML (ECMA-376): a zip package of XML parts, known by their root elements rather than
// by their names or the relations between them, so what an office program would not show is read
// too.
namespace shoumi::inspect {

extern const Format kDocxFormat;
extern const Format kXlsxFormat;
extern const Format kPptxFormat;
// Packages of other programs that follow ECMA-376 part 2: their XML is read for its character data.
extern const Format kPackageFormat;

}  // namespace shoumi::inspect
