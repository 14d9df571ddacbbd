#include "agent/inspect/extract/layout_codes.h"

#include <algorithm>

namespace shoumi::inspect {
namespace {

constexpr size_t kColourCharacters = 6;  // RRGGBB, or the number and the tint of a theme's

}  // namespace

std::string WithoutLayoutCodes(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  std::string plain;
  size_t i = 0;
  const auto skip = [&](std::string_view characters, size_t most) {
    const size_t end = text.substr(i, most).find_first_not_of(characters);
    i += std::min(end, text.substr(i, most).size());
  };
  while (i < text.size()) {
    if (text[i] != '&' || i + 1 == text.size()) {
      plain.push_back(text[i++]);
      continue;
    }
    const char code = text[++i];
    // No code: what stands there is shown.
    if (static_cast<unsigned char>(code) >= 0x80) continue;
    ++i;
    if (code == '&') {
      plain.push_back('&');
    } else if (code == '"') {
      const size_t end = text.find('"', i);
      i = end == std::string_view::npos ? text.size() : end + 1;
    } else if (code == 'L' || code == 'C' || code == 'R') {
      if (!plain.empty()) plain.push_back('\n');
    } else if (code == 'K') {
      skip("0123456789ABCDEFabcdef+-", kColourCharacters);
    } else if (kDigits.find(code) != std::string_view::npos) {
      skip(kDigits, text.size());
    }
  }
  return plain;
}

}  // namespace shoumi::inspect
