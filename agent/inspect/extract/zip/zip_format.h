#pragma once

#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/zip/archive.h"

namespace shoumi::inspect {

// Zip files (APPNOTE 6.3): every member is a document of its own.
extern const Format kZipFormat;

// What the file of an archive holds beside its members: comments, and bytes behind its end.
void ExtractAroundArchive(const ZipArchive& archive, Source& source, Context& context);

}  // namespace shoumi::inspect
