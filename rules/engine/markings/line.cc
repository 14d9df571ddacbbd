#include "rules/engine/markings/line.h"

#include <algorithm>
#include <array>

#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

bool IsEnd(char c) {
  return c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool IsBlank(char32_t c) {
  return IsSpace(c) || c == '\t';
}

// 第六章, 第12条; 0 when it is none.
size_t ChapterLength(std::string_view text) {
  constexpr std::u32string_view kFigures = U"0123456789一二三四五六七八九十百零";
  constexpr std::u32string_view kUnits = U"章节条回部篇卷集讲课编项款";
  constexpr size_t kFiguresMax = 5;
  if (!text.starts_with("第")) {
    return 0;
  }
  size_t at = std::string_view("第").size();
  for (size_t figures = 0; figures < kFiguresMax; ++figures) {
    const CodePoint c = CharAt(text, at);
    if (kFigures.find(c.value) == std::u32string_view::npos) {
      return figures > 0 && kUnits.find(c.value) != std::u32string_view::npos ? at + c.bytes : 0;
    }
    at += c.bytes;
  }
  return 0;
}

}  // namespace

Line LineAt(const Candidate& candidate, size_t from, size_t to) {
  const std::string_view text = candidate.text;
  Line line{from, to, true};
  const size_t low =
      CharFloor(text, from > kValidatorLookBytesMax ? from - kValidatorLookBytesMax : 0);
  const size_t high = CharFloor(text, std::min(text.size(), to + kValidatorLookBytesMax));
  while (line.from > low && !IsEnd(text[line.from - 1])) {
    --line.from;
  }
  while (line.to < high && !IsEnd(text[line.to])) {
    ++line.to;
  }
  const bool left = line.from > low || (low == 0 && candidate.block_starts_part);
  const bool right = line.to < high || (high == text.size() && candidate.block_ends_part);
  line.whole = left && right;
  return line;
}

std::vector<std::string_view> LinesBefore(const Candidate& candidate, const Line& line,
                                          size_t count) {
  std::vector<std::string_view> lines;
  const size_t low = CharFloor(
      candidate.text, line.from > kValidatorLookBytesMax ? line.from - kValidatorLookBytesMax : 0);
  size_t end = line.from;
  while (end > low && lines.size() < count) {
    --end;  // the line end
    size_t start = end;
    while (start > low && !IsEnd(candidate.text[start - 1])) {
      --start;
    }
    const std::string_view found = Trim(candidate.text.substr(start, end - start));
    if (!found.empty()) {
      lines.push_back(found);
    }
    end = start;
  }
  return lines;
}

std::vector<std::string_view> LinesAfter(const Candidate& candidate, const Line& line,
                                         size_t count) {
  std::vector<std::string_view> lines;
  const size_t high =
      CharFloor(candidate.text, std::min(candidate.text.size(), line.to + kValidatorLookBytesMax));
  size_t start = line.to;
  while (start < high && lines.size() < count) {
    ++start;
    size_t end = start;
    while (end < high && !IsEnd(candidate.text[end])) {
      ++end;
    }
    const std::string_view found = Trim(candidate.text.substr(start, end - start));
    if (!found.empty()) {
      lines.push_back(found);
    }
    start = end;
  }
  return lines;
}

size_t LineIndex(const Candidate& candidate, const Line& line) {
  if (!candidate.block_starts_part || line.from > kValidatorLookBytesMax) {
    return std::string_view::npos;
  }
  return LinesBefore(candidate, line, kValidatorLookBytesMax).size();
}

std::string_view Trim(std::string_view text) {
  while (true) {
    const CodePoint first = CharAt(text, 0);
    if (first.bytes == 0 || !IsBlank(first.value)) {
      break;
    }
    text.remove_prefix(first.bytes);
  }
  while (true) {
    const CodePoint last = CharBefore(text, text.size());
    if (last.bytes == 0 || !IsBlank(last.value)) {
      return text;
    }
    text.remove_suffix(last.bytes);
  }
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), ToLower);
  return lower;
}

size_t CountLetters(std::string_view text) {
  size_t letters = 0;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = CharAt(text, at);
    letters += IsHan(c.value) || (c.bytes == 1 && IsAlpha(text[at])) ? 1 : 0;
    at += c.bytes;
  }
  return letters;
}

size_t NumberingLength(std::string_view text) {
  constexpr std::u32string_view kFigures = U"0123456789一二三四五六七八九十";
  constexpr std::u32string_view kBullets = U"-*•·●○■□◆◇➢➤✓√→";
  if (const size_t chapter = ChapterLength(text); chapter > 0) {
    return chapter;
  }
  size_t at = 0;
  CodePoint c = CharAt(text, 0);
  if (kBullets.find(c.value) != std::u32string_view::npos && c.bytes > 0) {
    return c.bytes;
  }
  if (c.value >= 0x2460 && c.value <= 0x249B) {  // ① and ⑴ families
    return c.bytes;
  }
  const CodePoint second = CharAt(text, c.bytes);
  if (c.bytes == 1 && IsUpper(text[0]) &&
      (second.value == '.' || second.value == U'、' || second.value == ')')) {
    return c.bytes + second.bytes;  // A. B. C.
  }
  const bool bracket = c.value == '(';
  at += bracket ? 1 : 0;
  const size_t start = at;
  for (c = CharAt(text, at); c.bytes > 0 && kFigures.find(c.value) != std::u32string_view::npos;
       c = CharAt(text, at)) {
    at += c.bytes;
  }
  if (at == start || at - start > 9) {
    return 0;
  }
  const bool closed = c.value == ')' || (!bracket && (c.value == '.' || c.value == U'、'));
  return closed ? at + c.bytes : 0;
}

bool IsHeadingNumber(std::string_view text, bool named) {
  constexpr std::array<std::string_view, 6> kNames = {"article", "section", "chapter",
                                                      "clause",  "part",    "step"};
  constexpr size_t kNumberBytesMax = 12;
  text = Trim(text);
  if (const size_t chapter = ChapterLength(text); chapter > 0) {
    return chapter == text.size();
  }
  text.remove_prefix(std::min(text.find_first_not_of('#'), text.size()));  // of Markdown
  text = Trim(text);
  while (!text.empty() && std::string_view(" -:.").find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  const std::string first = Lower(text.substr(0, text.find(' ')));
  const bool has_name = std::find(kNames.begin(), kNames.end(), first) != kNames.end();
  if (has_name) {
    text = Trim(text.substr(first.size()));
  }
  if (text.empty() || text.size() > kNumberBytesMax || (named && !has_name)) {
    return false;
  }
  const bool roman = text.find_first_not_of("IVX") == std::string_view::npos;
  // 000017 is the number of a copy.
  const bool figures = text.find_first_not_of("0123456789.") == std::string_view::npos &&
                       std::min(text.find('.'), text.size()) <= 2;
  return roman || figures || (has_name && text.size() == 1 && IsAlpha(text[0]));
}

bool HasSentenceMark(std::string_view text) {
  constexpr std::array<std::string_view, 14> kMarks = {",",  ";",  "!",  "?", "。", "，", "；",
                                                       "、", "！", "？", "“", "”",  "「", "」"};
  return std::any_of(kMarks.begin(), kMarks.end(), [&](std::string_view mark) {
    return text.find(mark) != std::string_view::npos;
  });
}

}  // namespace shoumi::rules
