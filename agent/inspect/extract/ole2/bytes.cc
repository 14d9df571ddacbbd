#include "agent/inspect/extract/ole2/bytes.h"

#include <bit>

#include "agent/inspect/extract/numbers.h"
#include "agent/inspect/extract/utf8.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kArtHeadBytes = 8;
constexpr uint16_t kArtOptions = 0xF00B;
constexpr uint16_t kArtText = 0x00C0;
constexpr uint16_t kFirstBlip = 0xF018;
constexpr uint16_t kLastBlip = 0xF117;

// windows-1252, 0x80 to 0x9F; 0 where it has nothing.
constexpr uint16_t kWestern[32] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                   0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// Properties of six bytes each, then what those say that do not fit four ([MS-ODRAW] 2.3.1).
std::string TextOfOptions(std::string_view bytes, size_t count) {
  std::string text;
  size_t complex_at = count * 6;
  for (size_t i = 0; i < count && i * 6 + 6 <= bytes.size(); ++i) {
    const uint32_t id = LittleAt(bytes, i * 6, 2);
    if ((id & 0x8000) == 0) continue;
    const uint32_t size = LittleAt(bytes, i * 6 + 2, 4);
    if ((id & 0x3FFF) == kArtText) {
      std::string one = FromWide(SliceAt(bytes, complex_at, size));
      text += one.substr(0, one.find('\0')) + '\n';
    }
    if (size > bytes.size()) break;
    complex_at += size;
  }
  return text;
}

// Calls `on` with type, instance and content of each record that holds no others.
template <typename On>
void WalkArt(std::string_view records, const On& on) {
  // Records in a container follow its head: all of them lie one behind the other.
  for (size_t at = 0; at + kArtHeadBytes <= records.size();) {
    const uint32_t head = LittleAt(records, at, 2);
    const auto type = static_cast<uint16_t>(LittleAt(records, at + 2, 2));
    const uint32_t size = LittleAt(records, at + 4, 4);
    at += kArtHeadBytes;
    if ((head & 0xF) == 0xF) continue;
    on(type, head >> 4, SliceAt(records, at, size));
    if (size > records.size() - at) return;
    at += size;
  }
}

}  // namespace

double Real(uint32_t low, uint32_t high) {
  return std::bit_cast<double>(static_cast<uint64_t>(high) << 32U | low);
}

double FromRk(uint32_t rk) {
  const double value = (rk & 2U) != 0 ? static_cast<double>(static_cast<int32_t>(rk) >> 2)
                                      : Real(0, rk & 0xFFFFFFFC);
  return (rk & 1U) != 0 ? value / 100 : value;
}

std::string ShownNumber(double value) {
  return PlainNumber(fmt::format("{:.15g}", value));
}

std::string FromWide(std::string_view bytes) {
  std::string text;
  for (size_t at = 0; at + 2 <= bytes.size(); at += 2) {
    uint32_t code = LittleAt(bytes, at, 2);
    if (code >= 0xD800 && code < 0xDC00 && at + 4 <= bytes.size()) {
      const uint32_t low = LittleAt(bytes, at + 2, 2);
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        at += 2;
      }
    }
    AppendUtf8(text, code);
  }
  return text;
}

uint32_t NarrowCharacter(char byte, bool western) {
  const auto code = static_cast<uint8_t>(byte);
  const bool special = western && code >= 0x80 && code < 0xA0 && kWestern[code - 0x80] != 0;
  return special ? kWestern[code - 0x80] : code;
}

std::string FromNarrow(std::string_view bytes, bool western) {
  std::string text;
  for (const char byte : bytes) AppendUtf8(text, NarrowCharacter(byte, western));
  return text;
}

std::string ArtText(std::string_view records) {
  std::string text;
  WalkArt(records, [&text](uint16_t type, uint32_t count, std::string_view bytes) {
    if (type == kArtOptions) text += TextOfOptions(bytes, count);
  });
  return text;
}

bool HoldsPicture(std::string_view records) {
  bool found = false;
  WalkArt(records, [&found](uint16_t type, uint32_t, std::string_view bytes) {
    found |= type >= kFirstBlip && type <= kLastBlip && !bytes.empty();
  });
  return found;
}

}  // namespace shoumi::inspect
