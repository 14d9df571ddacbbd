#include "agent/inspect/extract/utf8.h"

#include <cstring>

#include "agent/inspect/extract/utf8_blocks.h"

namespace shoumi::inspect {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

uint8_t At(std::string_view bytes, size_t i) {
  return static_cast<uint8_t>(bytes[i]);
}

enum class Kind : uint8_t { kValid, kInvalid, kIncomplete };
struct Sequence {
  Kind kind;
  uint8_t length;
};

// Table 3-7 of the Unicode Standard: the second byte has a range of its own after some leads.
Sequence Classify(std::string_view bytes, size_t i) {
  const uint8_t lead = At(bytes, i);
  uint8_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {Kind::kInvalid, 1};
  }
  for (uint8_t k = 1; k < length; ++k) {
    if (i + k >= bytes.size()) return {Kind::kIncomplete, k};
    const uint8_t next = At(bytes, i + k);
    if (next < low || next > high) return {Kind::kInvalid, k};
    low = 0x80;
    high = 0xBF;
  }
  return {Kind::kValid, length};
}

}  // namespace

size_t AsciiPrefix(std::string_view bytes) {
  constexpr uint64_t kHigh = 0x8080808080808080ULL;
  size_t i = 0;
  for (; i + 32 <= bytes.size(); i += 32) {
    uint64_t words[4];
    std::memcpy(words, bytes.data() + i, sizeof(words));
    if (((words[0] | words[1] | words[2] | words[3]) & kHigh) != 0) break;
  }
  while (i < bytes.size() && At(bytes, i) < 0x80) ++i;
  return i;
}

Utf8Prefix CheckUtf8(std::string_view bytes) {
  const Utf8Blocks blocks = ScanUtf8Blocks(bytes);
  Utf8Prefix result;
  result.ascii = blocks.ascii;
  size_t i = blocks.valid;
  while (i < bytes.size()) {
    if (At(bytes, i) < 0x80) {
      i += AsciiPrefix(bytes.substr(i));
      continue;
    }
    const Sequence sequence = Classify(bytes, i);
    if (sequence.kind != Kind::kValid) {
      result.incomplete = sequence.kind == Kind::kIncomplete;
      break;
    }
    result.ascii = false;
    i += sequence.length;
  }
  result.valid = i;
  return result;
}

void AppendUtf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    out.append(kReplacement);
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (code >> 18)));
    out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

std::string RepairUtf8(std::string_view bytes, uint64_t* replaced) {
  std::string out;
  out.reserve(bytes.size() + 16);
  while (!bytes.empty()) {
    const Utf8Prefix prefix = CheckUtf8(bytes);
    out.append(bytes.substr(0, prefix.valid));
    bytes.remove_prefix(prefix.valid);
    if (bytes.empty()) break;
    out.append(kReplacement);
    if (replaced != nullptr) ++*replaced;
    bytes.remove_prefix(Classify(bytes, 0).length);
  }
  return out;
}

std::string_view Utf8Head(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t cut = bytes_max;
  while (cut > 0 && (At(text, cut) & 0xC0) == 0x80) --cut;
  return text.substr(0, cut);
}

}  // namespace shoumi::inspect
