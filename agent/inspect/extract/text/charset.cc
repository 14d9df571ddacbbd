#include "agent/inspect/extract/text/charset.h"

#include <algorithm>
#include <array>
#include <string>

#include "agent/inspect/extract/text/decoder.h"
#include "agent/inspect/extract/utf8.h"
#include "common/text/common_han.h"

namespace shoumi::inspect {
namespace {

using namespace std::string_view_literals;

constexpr size_t kScoredBytes = 4096;
constexpr double kDailyPoints = 1.5;  // for text all of characters of daily use

struct Mark {
  std::string_view bytes;
  Charset charset;
};
constexpr Mark kMarks[] = {
    {"\xEF\xBB\xBF"sv, Charset::kUtf8},    {"\xFF\xFE\0\0"sv, Charset::kUtf32Le},
    {"\0\0\xFE\xFF"sv, Charset::kUtf32Be}, {"\xFF\xFE"sv, Charset::kUtf16Le},
    {"\xFE\xFF"sv, Charset::kUtf16Be},     {"\x84\x31\x95\x33"sv, Charset::kGb18030},
};

// What a decoded sample consists of, in characters.
struct Census {
  size_t all = 0;
  size_t ascii = 0;  // printable, and the usual white space
  size_t control = 0;
  size_t common = 0;
  size_t punctuation = 0;
  size_t han = 0;
  size_t letters = 0;  // of alphabets
  size_t odd = 0;      // private use, unassigned planes, symbols nobody types
  size_t invalid = 0;

  [[nodiscard]] double Share(size_t part) const {
    return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
  }
};

bool IsControl(uint32_t code) {
  return (code < 0x20 && code != 0 && (code < 8 || code > 13) && code != 0x1A && code != 0x1B) ||
         code == 0x7F || (code >= 0x80 && code < 0xA0 && code != 0x85);
}

void Count(uint32_t code, Census& census) {
  if (code == 0) return;  // padding says nothing
  ++census.all;
  if (code == 0xFFFD) {
    ++census.invalid;
  } else if (IsControl(code)) {
    ++census.control;
  } else if (code < 0x80) {
    ++census.ascii;
  } else if (code >= 0x4E00 && code <= 0x9FFF) {
    ++census.han;
    if (IsCommonHan(code)) ++census.common;
  } else if (IsCjkPunctuation(code)) {
    ++census.punctuation;
  } else if (code < 0x0530 || (code >= 0x1E00 && code < 0x2000) ||
             (code >= 0x3040 && code < 0x3130) || (code >= 0xAC00 && code < 0xD7A4)) {
    ++census.letters;
  } else {
    ++census.odd;
  }
}

Census CensusOf(std::string_view utf8) {
  Census census;
  size_t i = 0;
  const auto at = [&](size_t k) { return static_cast<uint32_t>(static_cast<uint8_t>(utf8[k])); };
  while (i < utf8.size()) {
    const uint32_t lead = at(i);
    const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (i + length > utf8.size()) break;
    uint32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (size_t k = 1; k < length; ++k) code = (code << 6) | (at(i + k) & 0x3F);
    Count(code, census);
    i += length;
  }
  return census;
}

Census CensusAs(Charset charset, std::string_view sample) {
  Decoder decoder(charset);
  std::string text;
  decoder.Decode(sample.substr(0, kScoredBytes), false, text);
  return CensusOf(text);
}

// Higher is likelier; comparable between encodings of the same bytes.
double Score(const Census& census) {
  const size_t foreign = census.all - census.ascii - census.control;
  if (foreign == 0) return 0;
  const double points =
      4.0 * static_cast<double>(census.common) + 2.0 * static_cast<double>(census.punctuation) +
      0.3 * static_cast<double>(census.han - census.common) -
      0.5 * static_cast<double>(census.letters) - 2.0 * static_cast<double>(census.odd) -
      6.0 * static_cast<double>(census.invalid + census.control);
  return points / static_cast<double>(foreign);
}

// Both national sets keep the characters of daily use apart from the rare ones: GB 2312 in rows 16
// to 55, Big5 in A440 to C67E. Of the pairs of bytes in `sample`, the share in either.
struct DailyShare {
  double gb = 0;
  double big5 = 0;
};
DailyShare DailyShareOf(std::string_view sample) {
  size_t pairs = 0;
  size_t gb = 0;
  size_t big5 = 0;
  for (size_t i = 0; i + 1 < sample.size(); ++i) {
    const auto lead = static_cast<uint8_t>(sample[i]);
    if (lead < 0x80) continue;
    const auto trail = static_cast<uint8_t>(sample[++i]);
    ++pairs;
    gb += lead >= 0xB0 && lead <= 0xD7 && trail >= 0xA1 ? 1 : 0;
    big5 += lead >= 0xA4 && lead <= 0xC6 && trail >= 0x40 && trail != 0x80 ? 1 : 0;
  }
  if (pairs == 0) return {};
  return {static_cast<double>(gb) / static_cast<double>(pairs),
          static_cast<double>(big5) / static_cast<double>(pairs)};
}

bool LooksLikeText(const Census& census) {
  return census.Share(census.control) <= 0.05 && census.Share(census.invalid) <= 0.10 &&
         census.Share(census.odd) <= 0.25;
}

// Where the zero bytes of `sample` are: of ASCII in UTF-16 the high byte is one.
struct WideZeros {
  size_t high = 0;
  size_t low = 0;
};
WideZeros ZerosOf(std::string_view sample, Charset charset) {
  const size_t high = charset == Charset::kUtf16Le ? 1 : 0;
  WideZeros zeros;
  for (size_t i = 0; i + 1 < sample.size(); i += 2) {
    zeros.high += sample[i + high] == 0 ? 1 : 0;
    zeros.low += sample[i + 1 - high] == 0 ? 1 : 0;
  }
  return zeros;
}

// Han characters with some ASCII between. Zeros between 8-bit text would stand on both sides as
// often (a Han character rarely has one: U+4E00), and its letters make Han characters of bytes that
// are all ASCII.
bool IsWideHan(const Census& census, const WideZeros& zeros, std::string_view sample) {
  const auto high_bytes = static_cast<size_t>(std::count_if(
      sample.begin(), sample.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x80; }));
  return zeros.high >= 2 && zeros.low * 4 <= zeros.high && high_bytes * 5 >= sample.size() &&
         (census.han + census.ascii + census.punctuation) * 100 >= census.all * 95;
}

// Big-endian and little-endian UTF-16 without a mark; kBinary when it is neither.
Charset DetectWide(std::string_view sample) {
  sample = sample.substr(0, kScoredBytes & ~size_t{1});
  if (sample.size() < 4) return Charset::kBinary;
  for (const Charset charset : {Charset::kUtf16Le, Charset::kUtf16Be}) {
    const Census census = CensusAs(charset, sample);
    const size_t foreign = census.all - census.ascii;
    const bool clean = census.invalid == 0 && census.Share(census.odd + census.control) <= 0.03;
    const WideZeros zeros = ZerosOf(sample, charset);
    const size_t pairs = sample.size() / 2;
    const bool wide_ascii = zeros.high * 10 >= pairs * 4 && zeros.low * 20 <= pairs;
    if (wide_ascii && census.all > 0 && LooksLikeText(census)) return charset;
    if (clean && IsWideHan(census, zeros, sample)) return charset;
    if (clean && foreign >= 2 && (census.common + census.punctuation) * 10 >= foreign * 6) {
      return charset;
    }
  }
  return Charset::kBinary;
}

// A Western letter above 0x7f stands alone among ASCII; Han characters come in runs of pairs.
bool HighBytesAreIsolated(std::string_view sample) {
  size_t high = 0;
  size_t alone = 0;
  for (size_t i = 0; i < sample.size(); ++i) {
    if (static_cast<uint8_t>(sample[i]) < 0x80) continue;
    ++high;
    const bool before = i > 0 && static_cast<uint8_t>(sample[i - 1]) >= 0x80;
    const bool after = i + 1 < sample.size() && static_cast<uint8_t>(sample[i + 1]) >= 0x80;
    if (!before && !after) ++alone;
  }
  return alone * 10 >= high * 7;
}

// The part of `sample` from the first byte above 0x7f on, with some context before it.
std::string_view Interesting(std::string_view sample) {
  const size_t ascii = AsciiPrefix(sample);
  return ascii == sample.size() ? sample : sample.substr(ascii);
}

// Valid but for a few spots: a UTF-8 text with damage, not another encoding. Sequences of two bytes
// prove nothing, pairs of GB 2312 look like them.
bool IsDamagedUtf8(std::string_view sample) {
  const Census census = CensusOf(RepairUtf8(sample.substr(0, kScoredBytes)));
  const size_t good = census.han + census.punctuation;
  return good >= 2 * census.invalid && good > 0 && census.Share(census.control) <= 0.05;
}

// Valid UTF-8 of two-byte sequences only may be a few characters of GB 2312.
bool IsGbThatLooksLikeUtf8(const Census& utf8, std::string_view sample) {
  if (utf8.letters == 0 || utf8.han + utf8.punctuation + utf8.odd > 0) return false;
  const Census gb = CensusAs(Charset::kGb18030, sample);
  const size_t foreign = gb.all - gb.ascii;
  return gb.invalid == 0 && gb.common >= 2 && gb.common * 5 >= foreign * 4;
}

}  // namespace

std::string_view ConverterName(Charset charset) {
  switch (charset) {
    case Charset::kUtf16Le:
      return "UTF-16LE";
    case Charset::kUtf16Be:
      return "UTF-16BE";
    case Charset::kUtf32Le:
      return "UTF-32LE";
    case Charset::kUtf32Be:
      return "UTF-32BE";
    case Charset::kGb18030:
      return "GB18030";
    case Charset::kBig5:
      return "Big5-HKSCS";
    case Charset::kWestern:
      return "windows-1252";
    case Charset::kDos:
      return "ibm-437";
    case Charset::kUtf8:
    case Charset::kBinary:
      break;
  }
  return "";
}

Charset DetectBytes(std::string_view sample) {
  const Utf8Prefix prefix = CheckUtf8(sample);
  if (prefix.valid == sample.size() || (prefix.incomplete && sample.size() - prefix.valid < 4)) {
    const Census census = CensusOf(sample.substr(0, std::min(prefix.valid, kScoredBytes)));
    if (IsGbThatLooksLikeUtf8(census, sample)) return Charset::kGb18030;
    return LooksLikeText(census) ? Charset::kUtf8 : Charset::kBinary;
  }
  sample = Interesting(sample);
  if (IsDamagedUtf8(sample)) return Charset::kUtf8;
  const Census gb = CensusAs(Charset::kGb18030, sample);
  const Census big5 = CensusAs(Charset::kBig5, sample);
  const bool western = LooksLikeText(CensusAs(Charset::kWestern, sample)) &&
                       HighBytesAreIsolated(sample.substr(0, kScoredBytes)) && gb.common == 0 &&
                       big5.common == 0;
  if (western) return Charset::kWestern;
  // Where both are as likely, the encoding of the mainland is the likelier one here.
  const DailyShare daily = DailyShareOf(sample.substr(0, kScoredBytes));
  const bool traditional =
      Score(big5) + kDailyPoints * daily.big5 > Score(gb) + kDailyPoints * daily.gb + 0.25;
  const Charset best = traditional ? Charset::kBig5 : Charset::kGb18030;
  if (LooksLikeText(best == Charset::kBig5 ? big5 : gb)) return best;
  return Charset::kBinary;
}

bool BecameText(std::string_view utf8) {
  const Census census = CensusOf(utf8.substr(0, kScoredBytes));
  return census.Share(census.control) <= 0.05 && census.Share(census.invalid) <= 0.10;
}

Detection DetectStart(std::string_view sample) {
  for (const Mark& mark : kMarks) {
    if (sample.starts_with(mark.bytes)) return {mark.charset, mark.bytes.size()};
  }
  const bool zeros = sample.find('\0') != std::string_view::npos;
  const Charset bytes = DetectBytes(sample);
  if (zeros || (bytes != Charset::kUtf8 && CheckUtf8(sample).valid != sample.size())) {
    const Charset wide = DetectWide(sample);
    if (wide != Charset::kBinary) return {wide, 0};
  }
  return {bytes, 0};
}

}  // namespace shoumi::inspect
