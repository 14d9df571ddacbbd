#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/fd.h"
#include "shoumi/v1/finding.pb.h"

namespace shoumi::session {

struct FileLimits {
  uint32_t uris_max = 10'000;     // of one list (too_many)
  uint32_t entries_max = 10'000;  // looked at in folders (too_many)
  uint32_t files_max = 64;        // opened (too_many)
  uint32_t depth_max = 32;        // of folders (too_deep)
};

// A file that was copied, or why those that follow were not opened.
struct CopiedFile {
  std::string name;  // base name
  UniqueFd fd;       // read-only
  v1::UnscannedReason reason = v1::UNSCANNED_REASON_UNSPECIFIED;
};

// Whether a target lists files instead of holding content.
bool ListsFiles(std::string_view target);

// The files that a list names (RFC 2483, 5; or a file manager's own with a verb before it), those
// in folders too. What is not there or may not be read by the user cannot be pasted either, and is
// left out; so is what is no regular file. May take as long as the file systems do.
std::vector<CopiedFile> OpenCopiedFiles(std::string_view list, const FileLimits& limits = {});

}  // namespace shoumi::session
