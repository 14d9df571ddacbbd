#include "agent/inspect/extract/rtf/code_pages.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace shoumi::inspect {
namespace {

struct Row {
  int32_t charset;  // -1: a code page without one
  uint32_t code_page;
  std::string_view converter;  // ICU's name
};
// RTF 1.9.1, "Font Table" and "Character Set". GB18030 holds all that code page 936 does.
constexpr Row kRows[] = {
    {77, 10000, "macintosh"},    {128, 932, "windows-932"},   {129, 949, "windows-949"},
    {130, 1361, "johab"},        {134, 936, "gb18030"},       {136, 950, "windows-950"},
    {161, 1253, "windows-1253"}, {162, 1254, "windows-1254"}, {163, 1258, "windows-1258"},
    {177, 1255, "windows-1255"}, {178, 1256, "windows-1256"}, {186, 1257, "windows-1257"},
    {204, 1251, "windows-1251"}, {222, 874, "windows-874"},   {238, 1250, "windows-1250"},
    {-1, 1252, "windows-1252"},  {254, 437, "ibm-437"},       {255, 850, "ibm-850"},
    {-1, 54936, "gb18030"},      {-1, 65001, "utf-8"},        {-1, 852, "ibm-852"},
    {-1, 866, "ibm-866"},        {-1, 1200, "windows-1252"},
};
constexpr std::string_view kWestern = "windows-1252";

}  // namespace

uint32_t CodePageOfCharset(int32_t charset) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& one) {
    return one.charset == charset && charset >= 0;
  });
  return row == std::end(kRows) ? 0 : row->code_page;
}

void CodePages::Decode(uint32_t code_page, std::string_view bytes, std::string& out) {
  std::unique_ptr<Decoder>& decoder = decoders_[code_page];
  if (decoder == nullptr) {
    const auto* row = std::find_if(std::begin(kRows), std::end(kRows),
                                   [&](const Row& one) { return one.code_page == code_page; });
    decoder =
        std::make_unique<Decoder>(std::string(row == std::end(kRows) ? kWestern : row->converter));
  }
  decoder->Decode(bytes, true, out);
}

}  // namespace shoumi::inspect
