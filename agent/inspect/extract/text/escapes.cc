#include "agent/inspect/extract/text/escapes.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "agent/inspect/extract/utf8.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kEscapeBytesMax = 13;     // a reference of as many digits as can be
constexpr size_t kUnicodeBytes = 6;        // \u673a
constexpr size_t kReferenceDigitsMax = 9;  // leading zeros as well

struct Escape {
  enum class Kind : uint8_t { kNone, kCharacter, kCut };
  Kind kind = Kind::kNone;
  uint32_t code = 0;
  size_t bytes = 0;
};
constexpr Escape kCut = {Escape::Kind::kCut, 0, 0};

bool IsHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// \u and four hexadecimal digits at the start of `text`.
Escape UnicodeUnit(std::string_view text) {
  for (size_t i = 0; i < kUnicodeBytes; ++i) {
    if (i == text.size()) return kCut;
    const bool fits = i == 0 ? text[i] == '\\' : i == 1 ? text[i] == 'u' : IsHex(text[i]);
    if (!fits) return {};
  }
  uint32_t unit = 0;
  std::from_chars(text.data() + 2, text.data() + kUnicodeBytes, unit, 16);
  return {Escape::Kind::kCharacter, unit, kUnicodeBytes};
}

Escape Unicode(std::string_view text) {
  const Escape high = UnicodeUnit(text);
  if (high.kind != Escape::Kind::kCharacter || high.code < 0xD800 || high.code >= 0xDC00) {
    return high;
  }
  const Escape low = UnicodeUnit(text.substr(kUnicodeBytes));
  if (low.kind == Escape::Kind::kCut) return low;
  if (low.kind == Escape::Kind::kNone || low.code < 0xDC00 || low.code >= 0xE000) return high;
  return {Escape::Kind::kCharacter, 0x10000 + ((high.code - 0xD800) << 10U) + (low.code - 0xDC00),
          2 * kUnicodeBytes};
}

// &#26426; &#x673a;
Escape Reference(std::string_view text) {
  if (text.size() == 1) return kCut;
  if (text[1] != '#') return {};
  if (text.size() == 2) return kCut;
  const bool hex = text[2] == 'x' || text[2] == 'X';
  const size_t start = hex ? 3 : 2;
  size_t end = start;
  while (end < text.size() && end - start <= kReferenceDigitsMax &&
         (hex ? IsHex(text[end]) : text[end] >= '0' && text[end] <= '9')) {
    ++end;
  }
  if (end - start > kReferenceDigitsMax) return {};
  if (end == text.size()) return kCut;
  if (end == start || text[end] != ';') return {};
  uint32_t code = 0;
  std::from_chars(text.data() + start, text.data() + end, code, hex ? 16 : 10);
  if (code > 0x10FFFF) return {};
  return {Escape::Kind::kCharacter, code, end + 1};
}

Escape Short(std::string_view text) {
  if (text.size() == 1) return kCut;
  constexpr std::string_view kLetters = "ntrbf\"\\/";
  constexpr std::string_view kMeanings = "\n\t\r  \"\\/";
  const size_t at = kLetters.find(text[1]);
  if (at == std::string_view::npos) return {};
  return {Escape::Kind::kCharacter, static_cast<uint32_t>(kMeanings[at]), 2};
}

// Where escapes may start. Each of the two characters is looked for by itself: find_first_of()
// looks at one byte at a time.
class Starts {
 public:
  explicit Starts(std::string_view text)
      : text_(text), backslash_(text.find('\\')), ampersand_(text.find('&')) {}
  size_t From(size_t at) {
    if (backslash_ < at) backslash_ = text_.find('\\', at);
    if (ampersand_ < at) ampersand_ = text_.find('&', at);
    return std::min(backslash_, ampersand_);
  }

 private:
  const std::string_view text_;
  size_t backslash_;
  size_t ampersand_;
};

Escape EscapeAt(std::string_view text, bool json) {
  if (text.front() == '&') return Reference(text);
  const Escape unicode = Unicode(text);
  return unicode.kind == Escape::Kind::kNone && json ? Short(text) : unicode;
}

}  // namespace

std::string_view Unescaper::Take(std::string_view text, bool last) {
  if (!kept_.empty()) {
    joined_ = kept_;
    joined_.append(text);
    kept_.clear();
    text = joined_;
  }
  Starts starts(text);
  size_t at = starts.From(0);
  if (at == std::string_view::npos) return text;
  out_.clear();
  size_t copied = 0;
  while (at != std::string_view::npos) {
    const Escape escape = EscapeAt(text.substr(at), json_);
    if (escape.kind == Escape::Kind::kCut && !last && text.size() - at <= kEscapeBytesMax) {
      kept_ = text.substr(at);
      text = text.substr(0, at);
      break;
    }
    size_t next = at + 1;
    // Other control characters would say nothing, and part what stands together.
    const bool said = escape.code >= 0x20 || escape.code == '\n' || escape.code == '\t';
    if (escape.kind == Escape::Kind::kCharacter && said) {
      out_.append(text.substr(copied, at - copied));
      AppendUtf8(out_, escape.code);
      next = copied = at + escape.bytes;
    }
    at = starts.From(next);
  }
  if (copied == 0) return text;
  out_.append(text.substr(copied));
  return out_;
}

bool LooksLikeJson(std::string_view start) {
  if (start.starts_with("\xEF\xBB\xBF")) start.remove_prefix(3);
  const size_t at = start.find_first_not_of(" \t\r\n");
  if (at == std::string_view::npos || (start[at] != '{' && start[at] != '[')) return false;
  const size_t next = start.find_first_not_of(" \t\r\n[{", at + 1);
  if (next == std::string_view::npos) return false;
  // [1, "…"]
  return start[next] == '"' ||
         (start[at] == '[' && IsHex(start[next]) && start.find('"', next) != start.npos);
}

}  // namespace shoumi::inspect
