#include "agent/inspect/extract/mail/inline_files.h"

#include <algorithm>

#include "agent/inspect/extract/text/names.h"

namespace shoumi::inspect {
namespace {

constexpr std::string_view kUuBegin = "begin ";
constexpr std::string_view kYencBegin = "=ybegin ";
constexpr size_t kModeDigitsMin = 3;
constexpr size_t kModeDigitsMax = 5;

// The line at `at` without its end; moves `at` behind it.
std::string_view LineAt(std::string_view text, size_t& at) {
  const size_t feed = std::min(text.find('\n', at), text.size());
  std::string_view line = text.substr(at, feed - at);
  at = std::min(feed + 1, text.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

uint32_t Six(char c) {
  return (static_cast<uint8_t>(c) - 32U) & 63U;
}

// Whether the line says no more than it holds. White space at its end may be lost on the way.
bool DecodeUuLine(std::string_view line, std::string& out) {
  if (line.empty() || std::any_of(line.begin(), line.end(), [](char c) {
        return static_cast<uint8_t>(c) < 32 || static_cast<uint8_t>(c) > 96;
      })) {
    return false;
  }
  size_t bytes = Six(line[0]);
  line.remove_prefix(1);
  const auto digit = [&](size_t i) { return i < line.size() ? Six(line[i]) : 0; };
  for (size_t at = 0; bytes > 0; at += 4) {
    if (at >= line.size() && bytes > 3) return false;
    const uint32_t bits =
        digit(at) << 18U | digit(at + 1) << 12U | digit(at + 2) << 6U | digit(at + 3);
    for (uint32_t shift = 16; bytes > 0; shift -= 8) {
      out.push_back(static_cast<char>(bits >> shift));
      --bytes;
      if (shift == 0) break;
    }
  }
  return true;
}

// "begin 644 name" at `at`, the lines, "end".
std::optional<InlineFile> UuAt(std::string_view text, size_t at) {
  std::string_view first = LineAt(text, at).substr(kUuBegin.size());
  const size_t digits = first.find_first_not_of("01234567");
  if (digits == std::string_view::npos || digits < kModeDigitsMin || digits > kModeDigitsMax ||
      first[digits] != ' ') {
    return std::nullopt;
  }
  InlineFile file;
  file.name = DecodeName(first.substr(digits + 1));
  file.end = at;
  for (bool any = false;; any = true) {
    const bool over = at >= text.size();
    const std::string_view line = LineAt(text, at);
    if (line == "end") break;
    const bool decoded = DecodeUuLine(line, file.content);
    if (!decoded && !any) return std::nullopt;  // a sentence that begins so
    file.damaged = !decoded;
    if (over || !decoded) return file;
    file.end = at;
  }
  file.end = at;
  return file;
}

void DecodeYencLine(std::string_view line, std::string& out) {
  for (size_t i = 0; i < line.size(); ++i) {
    uint32_t value = static_cast<uint8_t>(line[i]);
    if (line[i] == '=' && i + 1 < line.size()) value = static_cast<uint8_t>(line[++i]) - 64U;
    out.push_back(static_cast<char>(value - 42U));
  }
}

// "=ybegin line=128 size=3 name=a b.txt", perhaps "=ypart …", the lines, "=yend …".
std::optional<InlineFile> YencAt(std::string_view text, size_t at) {
  const std::string_view first = LineAt(text, at);
  const size_t name = first.find(" name=");  // the last of the line
  if (name == std::string_view::npos || first.find(" line=") == std::string_view::npos) {
    return std::nullopt;
  }
  InlineFile file;
  file.name = DecodeName(first.substr(name + 6));
  file.damaged = true;
  while (at < text.size() && file.damaged) {
    const std::string_view line = LineAt(text, at);
    file.damaged = !line.starts_with("=yend");
    if (line.starts_with("=ypart ")) {
      file.piece = true;
    } else if (file.damaged) {
      // Two dots at the start are one, RFC 3977, 3.1.1.
      DecodeYencLine(line.starts_with("..") ? line.substr(1) : line, file.content);
    }
  }
  file.end = at;
  return file;
}

}  // namespace

std::optional<InlineFile> FindInlineFile(std::string_view text, size_t from) {
  while (from < text.size()) {
    const std::string_view rest = text.substr(from);
    std::optional<InlineFile> file;
    if (rest.starts_with(kUuBegin)) file = UuAt(text, from);
    if (rest.starts_with(kYencBegin)) file = YencAt(text, from);
    if (file) return file;
    // Lines that begin with neither letter are passed over.
    do {
      from = text.find('\n', from);
      if (from == std::string_view::npos) return std::nullopt;
      ++from;
    } while (from < text.size() && text[from] != 'b' && text[from] != '=');
  }
  return std::nullopt;
}

}  // namespace shoumi::inspect
