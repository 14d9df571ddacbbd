#pragma once

#include <cstddef>
#include <string_view>

namespace shoumi {

// At most the first `bytes_max` bytes of UTF-8 text, never cut inside a character.
inline std::string_view ClipUtf8(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0U) == 0x80U) {
    --bytes_max;
  }
  return text.substr(0, bytes_max);
}

}  // namespace shoumi
