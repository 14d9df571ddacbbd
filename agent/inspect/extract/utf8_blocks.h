#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace shoumi::inspect {

struct Utf8Blocks {
  size_t valid = 0;   // whole characters at the start; what follows is not said to be wrong
  bool ascii = true;  // among those
};
// As much of CheckUtf8() as vector instructions do in whole blocks: nothing where there are none.
Utf8Blocks ScanUtf8Blocks(std::string_view bytes);

}  // namespace shoumi::inspect
