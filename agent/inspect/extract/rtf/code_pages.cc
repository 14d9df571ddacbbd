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
    {77, 10000, "macintosh"},
    {128, 932, "windows-932"},
    {129, 949, "windows-949"},
    {130, 1361, "johab"},
    {134, 936, "gb18030"},
    {136, 950, "windows-950"},
    {161, 1253, "windows-1253"},
    {162, 1254, "windows-1254"},
    {163, 1258, "windows-1258"},
    {177, 1255, "windows-1255"},
    {178, 1256, "windows-1256"},
    {186, 1257, "windows-1257"},
    {204, 1251, "windows-1251"},
    {222, 874, "windows-874"},
    {238, 1250, "windows-1250"},
    {-1, 1252, "windows-1252"},
    {254, 437, "ibm-437"},
    {255, 850, "ibm-850"},
    {-1, 54936, "gb18030"},
    {-1, 65001, "utf-8"},
    {-1, 852, "ibm-852"},
    {-1, 866, "ibm-866"},
    {-1, 1200, "windows-1252"},
    // Of Macintosh and of mail, by the nearest that there is.
    {78, 10001, "windows-932"},
    {79, 10003, "windows-949"},
    {80, 10008, "gb18030"},
    {81, 10002, "windows-950"},
    {85, 10006, "x-mac-greek"},
    {86, 10081, "x-mac-turkish"},
    {88, 10029, "x-mac-centraleurroman"},
    {89, 10007, "x-mac-cyrillic"},
    {-1, 20936, "gb18030"},
    {-1, 51936, "gb18030"},
    {-1, 52936, "hz"},
    {-1, 20932, "euc-jp"},
    {-1, 51932, "euc-jp"},
    {-1, 50220, "iso-2022-jp"},
    {-1, 51949, "euc-kr"},
    {-1, 20866, "koi8-r"},
    {-1, 21866, "koi8-u"},
    {-1, 737, "ibm-737"},
    {-1, 775, "ibm-775"},
    {-1, 855, "ibm-855"},
    {-1, 857, "ibm-857"},
    {-1, 860, "ibm-860"},
    {-1, 861, "ibm-861"},
    {-1, 862, "ibm-862"},
    {-1, 863, "ibm-863"},
    {-1, 864, "ibm-864"},
    {-1, 865, "ibm-865"},
    {-1, 869, "ibm-869"},
    {-1, 28591, "iso-8859-1"},
    {-1, 28592, "iso-8859-2"},
    {-1, 28595, "iso-8859-5"},
    {-1, 28597, "iso-8859-7"},
    {-1, 28605, "iso-8859-15"},
    {2, 42, "windows-1252"},
    {0, 1252, "windows-1252"},
};
constexpr std::string_view kWestern = "windows-1252";

}  // namespace

uint32_t CodePageOfCharset(int32_t charset) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& one) {
    return one.charset == charset && charset >= 0;
  });
  if (row != std::end(kRows)) return row->code_page;
  // 1 is the default character set.
  return charset <= 1 ? 0 : kCharsetsBase + static_cast<uint32_t>(charset);
}

void CodePages::NoteUnknown(uint32_t code_page) {
  const bool noted = std::find(unknown_.begin(), unknown_.end(), code_page) != unknown_.end();
  if (!noted && unknown_.size() < kUnknownMax) unknown_.push_back(code_page);
}

void CodePages::Decode(uint32_t code_page, std::string_view bytes, bool last, std::string& out) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows),
                                 [&](const Row& one) { return one.code_page == code_page; });
  const bool known = row != std::end(kRows) && Decoder::Knows(std::string(row->converter));
  if (!known) NoteUnknown(code_page);
  // Those that are not known share one, so that there are no more than rows.
  std::unique_ptr<Decoder>& decoder = decoders_[known ? code_page : 0];
  if (decoder == nullptr) {
    decoder = std::make_unique<Decoder>(std::string(known ? row->converter : kWestern));
  }
  decoder->Decode(bytes, last, out);
}

}  // namespace shoumi::inspect
