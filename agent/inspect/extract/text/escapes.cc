#include "agent/inspect/extract/text/escapes.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "agent/inspect/extract/utf8.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kEscapeBytesMax = 64;     // that a block may cut, with leading zeros
constexpr size_t kUnicodeBytes = 6;        // \u673a
constexpr size_t kReferenceDigitsMax = 9;  // behind leading zeros
constexpr size_t kCssDigitsMax = 6;

struct Escape {
  enum class Kind : uint8_t { kNone, kCharacter, kNothing, kCut };
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

// \u{673a}
Escape Braced(std::string_view text) {
  constexpr std::string_view kStart = "\\u{";
  if (!text.starts_with(kStart)) return kStart.starts_with(text) ? kCut : Escape();
  size_t end = std::min(text.find_first_not_of('0', kStart.size()), text.size());
  const size_t from = end;
  while (end < text.size() && end - from < kReferenceDigitsMax && IsHex(text[end])) ++end;
  if (end == text.size()) return kCut;
  if (end == kStart.size() || text[end] != '}') return {};
  uint32_t code = 0;
  std::from_chars(text.data() + from, text.data() + end, code, 16);
  if (code > 0x10FFFF) return {};
  return {Escape::Kind::kCharacter, code, end + 1};
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
  const size_t from = std::min(text.find_first_not_of('0', start), text.size());
  size_t end = from;
  while (end < text.size() && end - from <= kReferenceDigitsMax &&
         (hex ? IsHex(text[end]) : text[end] >= '0' && text[end] <= '9')) {
    ++end;
  }
  if (end - from > kReferenceDigitsMax) return {};
  if (end == text.size()) return kCut;
  if (end == start || text[end] != ';') return {};
  uint32_t code = 0;
  std::from_chars(text.data() + from, text.data() + end, code, hex ? 16 : 10);
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

// Of a backslash before the end of a line, and the bytes of that end.
Escape Continuation(std::string_view text) {
  if (text[1] == '\n' || text[1] == '\f') return {Escape::Kind::kNothing, 0, 2};
  if (text[1] != '\r') return {};
  if (text.size() == 2) return kCut;
  return {Escape::Kind::kNothing, 0, text[2] == '\n' ? size_t{3} : size_t{2}};
}

// \x41
Escape Byte(std::string_view text) {
  for (size_t i = 2; i < 4; ++i) {
    if (i == text.size()) return kCut;
    if (!IsHex(text[i])) return {};
  }
  uint32_t code = 0;
  std::from_chars(text.data() + 2, text.data() + 4, code, 16);
  return {Escape::Kind::kCharacter, code, 4};
}

Escape Script(std::string_view text) {
  if (text.size() == 1) return kCut;
  if (text[1] == 'x') return Byte(text);
  if (text[1] == '\'') return {Escape::Kind::kCharacter, '\'', 2};
  const Escape continued = Continuation(text);
  return continued.kind == Escape::Kind::kNone ? Short(text) : continued;
}

Escape Css(std::string_view text) {
  if (text.size() == 1) return kCut;
  size_t end = 1;
  while (end < text.size() && end <= kCssDigitsMax && IsHex(text[end])) ++end;
  if (end == 1) return Continuation(text);
  if (end == text.size()) return kCut;
  uint32_t code = 0;
  std::from_chars(text.data() + 1, text.data() + end, code, 16);
  if (text[end] == '\r' && end + 1 == text.size()) return kCut;
  if (text.substr(end).starts_with("\r\n")) {
    end += 2;
  } else if (text[end] == ' ' || (text[end] >= '\t' && text[end] <= '\r' && text[end] != '\v')) {
    ++end;
  }
  return {Escape::Kind::kCharacter, code, end};
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

Escape EscapeAt(std::string_view text, Unescaper::Language language) {
  if (text.front() == '&') return Reference(text);
  if (language == Unescaper::Language::kCss) return Css(text);
  Escape escape = Unicode(text);
  if (escape.kind == Escape::Kind::kNone) escape = Braced(text);
  if (escape.kind != Escape::Kind::kNone) return escape;
  if (language == Unescaper::Language::kJson) return Short(text);
  return language == Unescaper::Language::kScript ? Script(text) : Escape();
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
    const Escape escape = EscapeAt(text.substr(at), language_);
    if (escape.kind == Escape::Kind::kCut && !last && text.size() - at <= kEscapeBytesMax) {
      kept_ = text.substr(at);
      text = text.substr(0, at);
      break;
    }
    size_t next = at + 1;
    // Other control characters would say nothing, and part what stands together.
    const bool said = escape.code >= 0x20 || escape.code == '\n' || escape.code == '\t';
    const bool nothing = escape.kind == Escape::Kind::kNothing;
    if (nothing || (escape.kind == Escape::Kind::kCharacter && said)) {
      out_.append(text.substr(copied, at - copied));
      if (!nothing) AppendUtf8(out_, escape.code);
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
  if (start[next] == '"') return true;
  // [-1.5e3, "…"], [true, "…"], but not [2026-11-26 12:00] of a log or [section] of a file of
  // settings.
  const size_t end = start.find_first_not_of("+-.0123456789eEtrufalsn", next);
  if (start[at] != '[' || end == std::string_view::npos || end == next) return false;
  const std::string_view value = start.substr(next, end - next);
  double number = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool fits = value == "true" || value == "false" || value == "null" ||
                    (parsed.ec == std::errc() && parsed.ptr == value.data() + value.size());
  const size_t behind = start.find_first_not_of(" \t\r\n", end);
  return fits && behind != std::string_view::npos && start[behind] == ',';
}

}  // namespace shoumi::inspect
