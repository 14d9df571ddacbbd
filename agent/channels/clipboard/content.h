#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi::agent::clipboard {

// Content as a session hands it over.
struct Content {
  UniqueFd fd;  // read-only, own offset
  uint64_t bytes = 0;
  bool sealed = false;  // nobody can change it
};

// Memory that is not sealed, and what is no regular file, is refused: it could change under the
// inspection, or hang it.
absl::StatusOr<Content> TakeContent(const UniqueFd& given);

// Tells contents apart: by their bytes where those are sealed, by the file elsewhere.
std::string Fingerprint(const Content& content);

}  // namespace shoumi::agent::clipboard
