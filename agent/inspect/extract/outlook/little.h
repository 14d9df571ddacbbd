#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace shoumi::inspect {

// `width` bytes at `at`, the lowest first; those that are not there are zero.
inline uint32_t Little(std::string_view bytes, size_t at, size_t width) {
  uint32_t value = 0;
  for (size_t i = width; i > 0; --i) {
    const size_t place = at + i - 1;
    value = value << 8U | (place < bytes.size() ? static_cast<uint8_t>(bytes[place]) : 0U);
  }
  return value;
}

}  // namespace shoumi::inspect
