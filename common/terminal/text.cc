#include "common/terminal/text.h"

#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <ctime>
#include <cwchar>

#include "fmt/format.h"

namespace shoumi {
namespace {

struct Character {
  char32_t value = 0;
  size_t bytes = 0;  // 0: not UTF-8
};

// The UTF-8 character at the start of `text`, which is not empty (RFC 3629, 4).
Character Decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  char32_t value = lead & (0x7FU >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80U) return {};
    value = value << 6 | (next & 0x3FU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest[bytes] || value > 0x10FFFF || surrogate) return {};
  return {value, bytes};
}

// U+0080..U+009F are control characters of terminals too; the others reorder or break lines, so
// that a name looks like another.
bool MayPrint(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
  const bool directional = c == 0x061C || c == 0x200E || c == 0x200F ||
                           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return !directional && c != 0x2028 && c != 0x2029;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character one = Decode(text);
    const size_t bytes = one.bytes == 0 ? 1 : one.bytes;
    if (one.bytes != 0 && MayPrint(one.value)) {
      out.append(text.substr(0, bytes));
    } else {
      for (const char byte : text.substr(0, bytes)) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
      }
    }
    text.remove_prefix(bytes);
  }
  return out;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = Decode(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

size_t DisplayWidth(std::string_view text) {
  // The widths of characters, whatever the locale of the process.
  static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const locale_t before = utf8 == nullptr ? nullptr : ::uselocale(utf8);
  size_t cells = 0;
  while (!text.empty()) {
    const Character one = Decode(text);
    const int width = one.bytes == 0 ? 1 : ::wcwidth(static_cast<wchar_t>(one.value));
    cells += width < 0 ? 1 : static_cast<size_t>(width);
    text.remove_prefix(one.bytes == 0 ? 1 : one.bytes);
  }
  if (before != nullptr) ::uselocale(before);
  return cells;
}

std::string LocalTime(const google::protobuf::Timestamp& time) {
  const std::time_t seconds = time.seconds();
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min);
}

bool WantsColour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

std::string Paint(bool colour, const char* code, std::string_view text) {
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace shoumi
