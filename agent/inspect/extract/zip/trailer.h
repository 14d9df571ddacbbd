#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/inspect/extract/extract.h"

namespace shoumi::inspect {

// The end of central directory record (APPNOTE 4.3.16, with 4.3.14 for ZIP64), read before a
// library is let loose on the archive.
struct ZipTrailer {
  uint64_t entries = 0;
  uint64_t directory_bytes = 0;
  uint64_t directory_offset = 0;
  uint64_t end_offset = 0;  // behind its comment: the end of the archive
};

bool LooksLikeZip(std::string_view head);

// NotFound when there is none: not a zip, or cut off.
absl::StatusOr<ZipTrailer> ReadZipTrailer(Source& source);

// Whether the central directory's first bytes name `path` exactly, or anything below it when it
// ends in '/'. Looks at a bounded number of entries and allocates a bounded buffer.
bool ZipHasEntry(Source& source, std::string_view path);

}  // namespace shoumi::inspect
