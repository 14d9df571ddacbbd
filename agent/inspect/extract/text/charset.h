#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace shoumi::inspect {

enum class Charset : uint8_t {
  kUtf8,
  kUtf16Le,
  kUtf16Be,
  kUtf32Le,
  kUtf32Be,
  kGb18030,  // and its subsets GBK and GB 2312
  kBig5,     // with the Hong Kong supplement
  kWestern,  // windows-1252
  kDos,      // code page 437, of archives only; never detected
  kBinary,   // not text
};
// ICU's name of the converter; empty for kUtf8 and kBinary.
std::string_view ConverterName(Charset charset);

struct Detection {
  Charset charset = Charset::kUtf8;
  size_t mark_bytes = 0;  // length of the byte order mark
};

// Of the start of a text: byte order mark, then wide forms by where their zero bytes and common
// characters are, then DetectBytes. `sample` is up to some kilobytes; more makes it surer.
Detection DetectStart(std::string_view sample);

// Among the encodings whose line feeds are single bytes, for any stretch of a text.
Charset DetectBytes(std::string_view sample);

// Whether bytes in an encoding that is declared became text, by the start of what they became.
bool BecameText(std::string_view utf8);

}  // namespace shoumi::inspect
