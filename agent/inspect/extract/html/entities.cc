#include "agent/inspect/extract/html/entities.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "agent/inspect/extract/utf8.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kNameBytesMax = 16;

// U+00A0 to U+00FF, in order (HTML 4.01, 24.2.1).
constexpr std::string_view kLatin =
    "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg "
    "plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest "
    "Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute "
    "Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml "
    "Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc "
    "euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash "
    "ugrave uacute ucirc uuml yacute thorn yuml";
struct Named {
  std::string_view name;
  uint32_t code;
};
constexpr Named kNamed[] = {
    {"quot", 0x22},     {"amp", 0x26},     {"lt", 0x3c},       {"gt", 0x3e},
    {"apos", 0x27},     {"OElig", 0x152},  {"oelig", 0x153},   {"Scaron", 0x160},
    {"scaron", 0x161},  {"Yuml", 0x178},   {"circ", 0x2c6},    {"tilde", 0x2dc},
    {"ensp", 0x2002},   {"emsp", 0x2003},  {"thinsp", 0x2009}, {"zwnj", 0x200c},
    {"zwj", 0x200d},    {"lrm", 0x200e},   {"rlm", 0x200f},    {"ndash", 0x2013},
    {"mdash", 0x2014},  {"lsquo", 0x2018}, {"rsquo", 0x2019},  {"sbquo", 0x201a},
    {"ldquo", 0x201c},  {"rdquo", 0x201d}, {"bdquo", 0x201e},  {"dagger", 0x2020},
    {"Dagger", 0x2021}, {"bull", 0x2022},  {"hellip", 0x2026}, {"permil", 0x2030},
    {"prime", 0x2032},  {"Prime", 0x2033}, {"lsaquo", 0x2039}, {"rsaquo", 0x203a},
    {"oline", 0x203e},  {"frasl", 0x2044}, {"euro", 0x20ac},   {"trade", 0x2122},
    {"larr", 0x2190},   {"uarr", 0x2191},  {"rarr", 0x2192},   {"darr", 0x2193},
    {"harr", 0x2194},   {"minus", 0x2212}, {"lowast", 0x2217}, {"radic", 0x221a},
    {"infin", 0x221e},  {"asymp", 0x2248}, {"ne", 0x2260},     {"equiv", 0x2261},
    {"le", 0x2264},     {"ge", 0x2265},    {"hearts", 0x2665},
};

const std::unordered_map<std::string_view, uint32_t>& Names() {
  static const std::unordered_map<std::string_view, uint32_t> kNames = [] {
    std::unordered_map<std::string_view, uint32_t> names;
    for (const Named& one : kNamed) names.emplace(one.name, one.code);
    std::string_view rest = kLatin;
    for (uint32_t code = 0xA0; !rest.empty(); ++code) {
      const size_t end = rest.find(' ');
      names.emplace(rest.substr(0, end), code);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return names;
  }();
  return kNames;
}

// The bytes that the reference at the start of `text` takes, 0 for none; its character to `code`.
size_t Reference(std::string_view text, uint32_t* code) {
  if (text.size() < 3) return 0;
  if (text[1] == '#') {
    const bool hex = text[2] == 'x' || text[2] == 'X';
    const char* const start = text.data() + (hex ? 3 : 2);
    const auto [end, error] =
        std::from_chars(start, text.data() + text.size(), *code, hex ? 16 : 10);
    if (error == std::errc::invalid_argument) return 0;
    if (error != std::errc()) *code = 0xFFFD;
    const auto bytes = static_cast<size_t>(end - text.data());
    return bytes < text.size() && text[bytes] == ';' ? bytes + 1 : bytes;
  }
  const size_t end = text.substr(0, kNameBytesMax).find(';');
  if (end == std::string_view::npos) return 0;
  const auto found = Names().find(text.substr(1, end - 1));
  if (found == Names().end()) return 0;
  *code = found->second;
  return end + 1;
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
    uint32_t code = 0;
    const size_t bytes = Reference(text, &code);
    if (bytes == 0) {
      out.push_back('&');
      text.remove_prefix(1);
      continue;
    }
    AppendUtf8(out, code == 0 ? 0xFFFD : code);
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace shoumi::inspect
