#pragma once

#include <array>
#include <string_view>

namespace shoumi::rules {

class ByteSet {
 public:
  constexpr explicit ByteSet(std::string_view bytes) {
    for (const char c : bytes) Add(c);
  }
  constexpr void Add(char c) { in_[static_cast<unsigned char>(c)] = true; }
  [[nodiscard]] constexpr bool Holds(char c) const { return in_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> in_{};
};

}  // namespace shoumi::rules
