#include "agent/inspect/extract/html/entities.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "agent/inspect/extract/html/entity_table.h"
#include "agent/inspect/extract/utf8.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kNameBytesMax = 34;     // CounterClockwiseContourIntegral; and two more
constexpr size_t kBareNameBytesMax = 6;  // of those that need no semicolon
constexpr size_t kBareNameBytesMin = 2;

// What &#128; to &#159; stand for (HTML, 13.2.5.80); 0 for themselves.
constexpr std::array<uint16_t, 32> kWindows1252 = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

struct Entity {
  std::string text;
  bool bare = false;  // needs no semicolon
};

uint32_t Hex(std::string_view digits) {
  uint32_t code = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  return code;
}

const std::unordered_map<std::string_view, Entity>& Names() {
  static const std::unordered_map<std::string_view, Entity> kNames = [] {
    std::unordered_map<std::string_view, Entity> names;
    std::string_view rest = kEntityTable;
    const auto word = [&rest] {
      const size_t end = std::min(rest.find(' '), rest.size());
      const std::string_view taken = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      return taken;
    };
    while (!rest.empty()) {
      std::string_view name = word();
      Entity entity;
      entity.bare = name.starts_with('*');
      if (entity.bare) name.remove_prefix(1);
      const std::string_view codes = word();
      const size_t plus = codes.find('+');
      AppendUtf8(entity.text, Hex(codes.substr(0, plus)));
      if (plus != std::string_view::npos) AppendUtf8(entity.text, Hex(codes.substr(plus + 1)));
      names.emplace(name, std::move(entity));
    }
    return names;
  }();
  return kNames;
}

// The bytes that the reference at the start of `text` takes, 0 for none; appends its text.
size_t Number(std::string_view text, std::string& out) {
  const bool hex = text[2] == 'x' || text[2] == 'X';
  const char* const start = text.data() + (hex ? 3 : 2);
  uint32_t code = 0;
  const auto [end, error] = std::from_chars(start, text.data() + text.size(), code, hex ? 16 : 10);
  if (error == std::errc::invalid_argument) return 0;
  if (error != std::errc() || code == 0) code = 0xFFFD;
  if (code >= 0x80 && code < 0xA0 && kWindows1252[code - 0x80] != 0)
    code = kWindows1252[code - 0x80];
  AppendUtf8(out, code);
  const auto bytes = static_cast<size_t>(end - text.data());
  return bytes < text.size() && text[bytes] == ';' ? bytes + 1 : bytes;
}

size_t Reference(std::string_view text, std::string& out) {
  if (text.size() < 3) return 0;
  if (text[1] == '#') return Number(text, out);
  const size_t end = text.substr(0, kNameBytesMax).find(';');
  if (end != std::string_view::npos) {
    const auto found = Names().find(text.substr(1, end - 1));
    if (found != Names().end()) {
      out += found->second.text;
      return end + 1;
    }
  }
  for (size_t size = std::min(kBareNameBytesMax, text.size() - 1); size >= kBareNameBytesMin;
       --size) {
    const auto found = Names().find(text.substr(1, size));
    if (found == Names().end() || !found->second.bare) continue;
    // As in addresses: a=1&copy=2.
    if (text.size() > size + 1 && text[size + 1] == '=') return 0;
    out += found->second.text;
    return size + 1;
  }
  return 0;
}

}  // namespace

std::string WithoutReferences(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t at = std::min(text.find('&'), text.size());
    out.append(text.substr(0, at));
    text.remove_prefix(at);
    if (text.empty()) break;
    const size_t bytes = Reference(text, out);
    if (bytes == 0) {
      out.push_back('&');
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace shoumi::inspect
