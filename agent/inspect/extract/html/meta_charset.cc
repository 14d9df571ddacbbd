#include "agent/inspect/extract/html/meta_charset.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "agent/inspect/extract/html/attributes.h"
#include "agent/inspect/extract/text/decoder.h"

namespace shoumi::inspect {
namespace {

struct Encoding {
  std::string_view converter;  // empty: told from the bytes
  std::string_view labels;     // between blanks
};

// WHATWG Encoding, 4.2. Of the encodings that it replaces by nothing, those that hide their text in
// ASCII are decoded: other programs show it.
constexpr Encoding kEncodings[] = {
    {"",
     " unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8 unicodefffe "
     "utf-16be"
     " csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le x-user-defined"
     " chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030"
     " big5 big5-hkscs cn-big5 csbig5 x-x-big5"
     " ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1"
     " iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252 "},
    {"ibm-866", " 866 cp866 csibm866 ibm866 "},
    {"iso-8859-2",
     " csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2 "},
    {"iso-8859-3",
     " csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3 "},
    {"iso-8859-4",
     " csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4 "},
    {"iso-8859-5",
     " csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5"
     " iso_8859-5:1988 "},
    {"iso-8859-6",
     " arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e"
     " iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987 "},
    {"iso-8859-7",
     " csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597"
     " iso_8859-7 iso_8859-7:1987 sun_eu_greek "},
    {"iso-8859-8",
     " csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598"
     " iso_8859-8 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical "},
    {"iso-8859-10", " csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6 "},
    {"iso-8859-13", " iso-8859-13 iso8859-13 iso885913 "},
    {"iso-8859-14", " iso-8859-14 iso8859-14 iso885914 "},
    {"iso-8859-15", " csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 "},
    {"koi8-r", " cskoi8r koi koi8 koi8-r koi8_r "},
    {"koi8-u", " koi8-ru koi8-u "},
    {"macintosh", " csmacintosh mac macintosh x-mac-roman "},
    {"windows-874", " dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 "},
    {"windows-1250", " cp1250 windows-1250 x-cp1250 "},
    {"windows-1251", " cp1251 windows-1251 x-cp1251 "},
    {"windows-1253", " cp1253 windows-1253 x-cp1253 "},
    {"windows-1254",
     " cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5"
     " latin5 windows-1254 x-cp1254 "},
    {"windows-1255", " cp1255 windows-1255 x-cp1255 "},
    {"windows-1256", " cp1256 windows-1256 x-cp1256 "},
    {"windows-1257", " cp1257 windows-1257 x-cp1257 "},
    {"windows-1258", " cp1258 windows-1258 x-cp1258 "},
    {"x-mac-cyrillic", " x-mac-cyrillic x-mac-ukrainian "},
    {"euc-jp", " cseucpkdfmtjapanese euc-jp x-euc-jp "},
    {"iso-2022-jp", " csiso2022jp iso-2022-jp "},
    {"windows-31j", " csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis "},
    {"windows-949",
     " cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601"
     " ksc_5601 windows-949 "},
    {"iso-2022-kr", " csiso2022kr iso-2022-kr "},
    {"iso-2022-cn", " iso-2022-cn iso-2022-cn-ext "},
    {"hz-gb-2312", " hz-gb-2312 "},
};

// nullopt for a label that browsers pass over.
std::optional<std::string> ConverterOf(std::string_view label) {
  label.remove_prefix(std::min(label.find_first_not_of(kHtmlSpaces), label.size()));
  label = label.substr(0, label.find_last_not_of(kHtmlSpaces) + 1);
  if (label.empty() || label.find(' ') != std::string_view::npos) return std::nullopt;
  const std::string between = " " + std::string(label) + " ";
  for (const Encoding& encoding : kEncodings) {
    if (encoding.labels.find(between) == std::string_view::npos) continue;
    std::string converter(encoding.converter);
    return Decoder::Knows(converter) ? converter : "";
  }
  return std::nullopt;
}

// What "text/html; charset = x" says (HTML, 4.2.5.4).
std::string_view CharsetIn(std::string_view content) {
  constexpr std::string_view kCharset = "charset";
  for (size_t at = content.find(kCharset); at != std::string_view::npos;
       at = content.find(kCharset, at + 1)) {
    std::string_view rest = content.substr(at + kCharset.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(kHtmlSpaces), rest.size()));
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of(kHtmlSpaces), rest.size()));
    if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
      return rest.substr(1, std::min(rest.find(rest.front(), 1), rest.size()) - 1);
    }
    return rest.substr(0, rest.find_first_of(" \t\r\n\f;"));
  }
  return "";
}

// Of the attributes of a <meta>; the first of each name counts.
std::string_view LabelIn(std::string_view text) {
  std::optional<std::string_view> charset;
  std::optional<std::string_view> content;
  std::optional<std::string_view> equivalent;
  HtmlAttributes attributes(text);
  while (attributes.Next()) {
    auto* const wanted = attributes.name() == "charset"      ? &charset
                         : attributes.name() == "content"    ? &content
                         : attributes.name() == "http-equiv" ? &equivalent
                                                             : nullptr;
    if (wanted != nullptr && !wanted->has_value()) *wanted = attributes.value();
  }
  if (charset.has_value()) return *charset;
  return equivalent == "content-type" ? CharsetIn(content.value_or("")) : "";
}

// The bytes of the comment, tag or other character at the start of `rest`; npos for all of them.
size_t Skipped(std::string_view rest) {
  const auto behind = [&](size_t at, size_t bytes) {
    return at == std::string_view::npos ? at : at + bytes;
  };
  if (rest.starts_with("<!--")) return behind(rest.find("-->", 2), 3);
  const char second = rest.size() > 1 ? rest[1] : '\0';
  const size_t name = second == '/' ? 2 : 1;
  if (name < rest.size() && absl::ascii_isalpha(static_cast<unsigned char>(rest[name]))) {
    return EndOfTag(rest);
  }
  if (second == '!' || second == '/' || second == '?') return behind(rest.find('>'), 1);
  return 1;
}

}  // namespace

std::string MetaCharset(std::string_view start) {
  constexpr std::string_view kMeta = "<meta";
  for (size_t at = start.find('<'); at != std::string_view::npos; at = start.find('<', at)) {
    const std::string_view rest = start.substr(at);
    const size_t bytes = Skipped(rest);
    if (bytes == std::string_view::npos) return "";
    if (rest.starts_with(kMeta) && (IsHtmlSpace(rest[kMeta.size()]) || rest[kMeta.size()] == '/')) {
      const std::string_view text = rest.substr(0, bytes - 1).substr(kMeta.size());
      const std::optional<std::string> converter = ConverterOf(LabelIn(text));
      if (converter.has_value()) return *converter;
    }
    at += bytes;
  }
  return "";
}

}  // namespace shoumi::inspect
