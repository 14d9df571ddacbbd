#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What the binary formats of Office share. Everything is bounded by the bytes that are there.
namespace shoumi::inspect {

// Little-endian number of `width` bytes; bytes beyond the end count as zero.
inline uint32_t LittleAt(std::string_view bytes, size_t at, size_t width) {
  uint32_t value = 0;
  for (size_t i = width; i > 0; --i) {
    value = value << 8 | (at + i <= bytes.size() ? static_cast<uint8_t>(bytes[at + i - 1]) : 0U);
  }
  return value;
}

// bytes[at, at + size), as much of it as there is.
inline std::string_view SliceAt(std::string_view bytes, size_t at, size_t size) {
  return at >= bytes.size() ? std::string_view() : bytes.substr(at, size);
}

// A double, by its two halves.
double Real(uint32_t low, uint32_t high);
// RkNumber: 30 bits of an integer or of the upper half of a double, perhaps in hundredths
// ([MS-XLS] 2.5.217, [MS-XLSB] 2.5.122).
double FromRk(uint32_t rk);
// With the fifteen digits that Excel keeps and shows, and no exponent.
std::string ShownNumber(double value);

// UTF-16LE to UTF-8; what is no character becomes U+FFFD.
std::string FromWide(std::string_view bytes);
// One byte a character: the lower half of UTF-16, with windows-1252 between 0x80 and 0x9F where
// `western` ([MS-DOC] 2.9.73).
std::string FromNarrow(std::string_view bytes, bool western);
uint32_t NarrowCharacter(char byte, bool western);

// Text of the shapes in OfficeArt records ([MS-ODRAW] 2.3.22.2, gtextUNICODE), one a line.
std::string ArtText(std::string_view records);
// Whether they hold a picture (2.2.23).
bool HoldsPicture(std::string_view records);

}  // namespace shoumi::inspect
