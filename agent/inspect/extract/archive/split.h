#pragma once

#include <cstdint>
#include <string_view>

namespace shoumi::inspect {

// Whether these are the first bytes of a part of a 7z or rar archive that goes on in other files,
// of which this one has `bytes`. A 7z that was cut off looks the same.
bool IsSplitVolume(std::string_view head, uint64_t bytes);

}  // namespace shoumi::inspect
