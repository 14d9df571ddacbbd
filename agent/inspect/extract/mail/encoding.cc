#include "agent/inspect/extract/mail/encoding.h"

#include <algorithm>
#include <array>

#include "agent/inspect/extract/text/decoder.h"
#include "agent/inspect/extract/text/names.h"
#include "agent/inspect/extract/utf8.h"

namespace shoumi::inspect {
namespace {

constexpr uint8_t kNone = 0xFF;

constexpr std::array<uint8_t, 256> MakeTable(std::string_view digits) {
  std::array<uint8_t, 256> table = {};
  table.fill(kNone);
  for (size_t i = 0; i < digits.size(); ++i) {
    table[static_cast<uint8_t>(digits[i])] = static_cast<uint8_t>(i);
  }
  return table;
}
constexpr auto kBase64 =
    MakeTable("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The two hexadecimal digits behind the escape character at `at`; -1 when they are none.
int EscapedByte(std::string_view text, size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = HexDigit(text[at + 1]);
  const int low = HexDigit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Bytes of a soft line break behind '=' at `at`, white space before it included; 0 when it is none.
size_t SoftBreak(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && (text[end] == ' ' || text[end] == '\t' || text[end] == '\r')) ++end;
  if (end == text.size()) return end - at;
  return text[end] == '\n' ? end + 1 - at : 0;
}

}  // namespace

std::string DecodeBase64(std::string_view text, uint64_t& invalid) {
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  uint32_t bits = 0;
  int held = 0;  // number of bits
  for (const char c : text) {
    const uint8_t value = kBase64[static_cast<uint8_t>(c)];
    if (value != kNone) {
      bits = (bits << 6) | value;
      held += 6;
      if (held < 8) continue;
      held -= 8;
      out.push_back(static_cast<char>(bits >> held));
    } else if (c == '=') {
      held = 0;
    } else if (c != '\r' && c != '\n' && c != ' ' && c != '\t') {
      ++invalid;
    }
  }
  return out;
}

std::string DecodeQuotedPrintable(std::string_view text, bool words) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (const int byte = c == '=' ? EscapedByte(text, i) : -1; byte >= 0) {
      out.push_back(static_cast<char>(byte));
      i += 3;
    } else if (const size_t soft = c == '=' && !words ? SoftBreak(text, i) : 0; soft > 0) {
      i += soft;
    } else {
      out.push_back(words && c == '_' ? ' ' : c);
      ++i;
    }
  }
  return out;
}

std::string DecodePercent(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const int byte = text[i] == '%' ? EscapedByte(text, i) : -1;
    out.push_back(byte >= 0 ? static_cast<char>(byte) : text[i]);
    i += byte >= 0 ? 3 : 1;
  }
  return out;
}

std::optional<std::string> ConvertDeclared(std::string_view bytes, std::string_view charset) {
  Decoder decoder{std::string(charset)};
  std::string text;
  decoder.Decode(bytes, true, text);
  if (decoder.invalid() > 0) return std::nullopt;
  return text;
}

std::string DecodeDeclared(std::string_view bytes, std::string_view charset) {
  std::optional<std::string> text = ConvertDeclared(bytes, charset);
  return text ? *std::move(text) : DecodeName(bytes);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

}  // namespace shoumi::inspect
