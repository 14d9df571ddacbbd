#pragma once

#include <string_view>

namespace shoumi::inspect {

struct ArchiveKind {
  std::string_view media_type;   // empty: no archive that is read here
  bool compressed_file = false;  // of one file, which may be an archive in turn
  bool has_end = false;          // its end is known by reading up to it
};
ArchiveKind DetectArchive(std::string_view head);

}  // namespace shoumi::inspect
