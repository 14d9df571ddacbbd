#include "rules/engine/text/fold.h"

#include <array>
#include <cstring>
#include <vector>

namespace shoumi::rules {
namespace {

Fold Ascii(char c) {
  return {true, 1, {c, 0, 0, 0}};
}
Fold Removed() {
  return {true, 0, {0, 0, 0, 0}};
}
Fold Character3(const char (&utf8)[4]) {
  return {true, 3, {utf8[0], utf8[1], utf8[2], 0}};
}

Fold Digit(char32_t c, char32_t zero) {
  return Ascii(static_cast<char>('0' + (c - zero)));
}

// First code point of each run of ten decimal digits outside ASCII (UnicodeData, Nd), BMP only.
constexpr std::array<char32_t, 36> kDigitZeros = {
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

bool Within(char32_t c, char32_t first, char32_t last) {
  return c >= first && c <= last;
}

Fold FoldLatin1(char32_t c) {
  switch (c) {
    case 0x00A0:
      return Ascii(' ');
    case 0x00AD:
      return Removed();
    case 0x00B2:
      return Ascii('2');
    case 0x00B3:
      return Ascii('3');
    case 0x00B9:
      return Ascii('1');
    default:
      return {};
  }
}

// General Punctuation to Dingbats: U+2000..U+27BF.
Fold FoldSymbols(char32_t c) {
  if (Within(c, 0x2000, 0x200A) || c == 0x202F || c == 0x205F) return Ascii(' ');
  if (Within(c, 0x200B, 0x200F) || Within(c, 0x202A, 0x202E) || Within(c, 0x2060, 0x2069)) {
    return Removed();
  }
  if (Within(c, 0x2010, 0x2015) || c == 0x2212) return Ascii('-');
  if (c == 0x2028 || c == 0x2029) return Ascii('\n');
  if (c == 0x2070 || Within(c, 0x2074, 0x2079)) return Digit(c, 0x2070);
  if (Within(c, 0x2080, 0x2089)) return Digit(c, 0x2080);
  if (Within(c, 0x2460, 0x2468)) return Digit(c, 0x245F);  // circled 1..9
  if (Within(c, 0x2474, 0x247C)) return Digit(c, 0x2473);  // in brackets
  if (Within(c, 0x2488, 0x2490)) return Digit(c, 0x2487);  // with full stop
  if (c == 0x24EA || c == 0x24FF) return Ascii('0');
  if (Within(c, 0x24F5, 0x24FD)) return Digit(c, 0x24F4);  // double circled
  if (Within(c, 0x2776, 0x277E)) return Digit(c, 0x2775);  // dingbats
  if (Within(c, 0x2780, 0x2788)) return Digit(c, 0x277F);
  if (Within(c, 0x278A, 0x2792)) return Digit(c, 0x2789);
  return {};
}

// Halfwidth and Fullwidth Forms, small forms, variation selectors, byte order mark.
Fold FoldForms(char32_t c) {
  if (Within(c, 0xFE00, 0xFE0F) || c == 0xFEFF) return Removed();
  if (c == 0xFE58 || c == 0xFE63) return Ascii('-');
  if (c == 0xFE55) return Ascii(':');
  if (c == 0xFE59) return Ascii('(');
  if (c == 0xFE5A) return Ascii(')');
  if (c == 0xFE6B) return Ascii('@');
  // The four marks that are in every Chinese sentence stay: no detector needs them folded.
  if (c == 0xFF0C || c == 0xFF1B || c == 0xFF01 || c == 0xFF1F) return {};
  if (Within(c, 0xFF01, 0xFF5E)) return Ascii(static_cast<char>(c - 0xFEE0));
  return {};
}

Fold FoldTraditional(char32_t c) {
  switch (c) {
    case 0x7D55:  // 絕
      return Character3("\xE7\xBB\x9D");
    case 0x6A5F:  // 機
      return Character3("\xE6\x9C\xBA");
    case 0x7955:  // 祕
      return Character3("\xE7\xA7\x98");
    case 0x7D1A:  // 級
      return Character3("\xE7\xBA\xA7");
    case 0x555F:  // 啟
    case 0x5553:  // 啓
      return Character3("\xE5\x90\xAF");
    case 0x9577:  // 長
      return Character3("\xE9\x95\xBF");
    case 0x958B:  // 開
      return Character3("\xE5\xBC\x80");
    case 0x5167:  // 內
      return Character3("\xE5\x86\x85");
    default:
      return {};
  }
}

Fold Decide(char32_t c) {
  if (c < 0x80) return {};
  if (c < 0x100) return FoldLatin1(c);
  if (Within(c, 0x2000, 0x27BF)) return FoldSymbols(c);
  if (Within(c, 0x4E00, 0x9FFF)) return FoldTraditional(c);
  if (c == 0x3000 || c == 0x1680) return Ascii(' ');
  if (c == 0x061C || c == 0x180E) return Removed();
  if (Within(c, 0xFE00, 0xFFFF)) return FoldForms(c);
  if (Within(c, 0x1D7CE, 0x1D7FF)) {  // mathematical digits in five styles
    return Ascii(static_cast<char>('0' + (c - 0x1D7CE) % 10));
  }
  for (const char32_t zero : kDigitZeros) {
    if (Within(c, zero, zero + 9)) return Digit(c, zero);
  }
  return {};
}

// The Basic Multilingual Plane in pages of 256 characters; most pages fold nothing and share one.
class FoldTable {
 public:
  FoldTable() {
    for (char32_t c = 0; c < 0x10000; ++c) {
      const Fold fold = Decide(c);
      if (!fold.folded) continue;
      if (page_of_[c >> 8] == 0) {
        page_of_[c >> 8] = static_cast<uint8_t>(pages_.size());
        pages_.emplace_back();
      }
      pages_[page_of_[c >> 8]][c & 0xFF] = fold;
    }
  }
  [[nodiscard]] const Fold& At(char32_t c) const { return pages_[page_of_[c >> 8]][c & 0xFF]; }

 private:
  std::array<uint8_t, 256> page_of_{};
  std::vector<std::array<Fold, 256>> pages_ = std::vector<std::array<Fold, 256>>(1);
};

}  // namespace

Fold FoldOf(char32_t c) {
  static const FoldTable table;
  return c < 0x10000 ? table.At(c) : Decide(c);
}

Character CharacterAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto tail = [&](size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const uint32_t lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  if (lead >= 0xC2 && lead < 0xE0 && tail(at + 1)) {
    return {((lead & 0x1FU) << 6) | (byte(at + 1) & 0x3FU), 2};
  }
  if (lead >= 0xE0 && lead < 0xF0 && tail(at + 1) && tail(at + 2)) {
    return {((lead & 0x0FU) << 12) | ((byte(at + 1) & 0x3FU) << 6) | (byte(at + 2) & 0x3FU), 3};
  }
  if (lead >= 0xF0 && lead < 0xF5 && tail(at + 1) && tail(at + 2) && tail(at + 3)) {
    return {((lead & 0x07U) << 18) | ((byte(at + 1) & 0x3FU) << 12) |
                ((byte(at + 2) & 0x3FU) << 6) | (byte(at + 3) & 0x3FU),
            4};
  }
  return {0xFFFD, 1};
}

void ForEachFolded(void (*visit)(char32_t c, void* context), void* context) {
  for (char32_t c = 0x80; c < 0x1E000; ++c) {
    if (FoldOf(c).folded) visit(c, context);
  }
}

size_t FindFoldsPortable(std::string_view text, size_t from, size_t count, FoldOffsets& offsets) {
  size_t at = from;
  while (at < text.size()) {
    if (at + 8 <= text.size()) {
      uint64_t word = 0;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & 0x8080808080808080ULL) == 0) {
        at += 8;
        continue;
      }
    }
    const Character c = CharacterAt(text, at);
    if (FoldOf(c.value).folded) offsets[count++] = static_cast<uint32_t>(at);
    at += c.size;
  }
  return count;
}

}  // namespace shoumi::rules
