#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace shoumi::inspect {

// A file written into text: uuencode (POSIX.1-2017, uuencode) or yEnc 1.3.
struct InlineFile {
  std::string name;     // UTF-8
  std::string content;  // decoded
  size_t end = 0;       // behind it in the text
  bool piece = false;   // one of several that make the file
  bool damaged = false;
};
// The first one at or after `from`; linear in what it passes over.
std::optional<InlineFile> FindInlineFile(std::string_view text, size_t from);

}  // namespace shoumi::inspect
