#include <algorithm>

#include "rules/engine/markings/around.h"
#include "rules/engine/markings/banner.h"
#include "rules/engine/markings/shape.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

using std::string_view;
using namespace std::literals::string_view_literals;

constexpr uint8_t kConfidenceBanner = 90;
constexpr uint8_t kConfidenceBannerInBody = 75;
constexpr size_t kWrappedCharsMin = 20;
constexpr size_t kPortionCharsMax = 12;  // (S//NF) in front of a banner

bool OnEveryPage(v1::PartKind kind) {
  return kind == v1::PART_KIND_HEADER || kind == v1::PART_KIND_FOOTER ||
         kind == v1::PART_KIND_WATERMARK;
}

// A paragraph whose last word was wrapped onto a line of its own.
bool IsWrappedProse(const Candidate& candidate, const Line& line) {
  const auto before = LinesBefore(candidate, line, 1);
  const auto after = LinesAfter(candidate, line, 1);
  if (!after.empty() &&
      StartsWithAny(after[0], {",", "。", "，", "、", ";", "；", "的", ")", "”"})) {
    return true;
  }
  const bool adjacent = !before.empty() && line.from > 1 && candidate.text[line.from - 2] != '\n' &&
                        candidate.text[line.from - 2] != '\r';
  return adjacent && CountLetters(before[0]) >= kWrappedCharsMin &&
         !EndsWithAny(before[0], {"。", ":", "：", ";", "；", "!", "?", ".", ")", "】", "]"});
}

struct Segment {
  string_view left;
  string_view right;
  bool first = true;
  bool last = true;
  bool wide = false;  // parted by more than one space
};

// The stretch of the line between separators that holds the word; `parts` tells what parts it.
template <typename Parts>
Segment SegmentOf(string_view left, string_view right, Parts parts) {
  Segment segment{left, right, true, true, false};
  for (size_t at = left.size(); at > 0;) {
    const CodePoint c = CharBefore(left, at);
    const bool dashes = c.value == '-' && (EndsWithAny(left.substr(0, at), {"--", " -"}));
    if (parts(c.value) || dashes) {
      segment.left = left.substr(at);
      segment.first = CountLetters(left.substr(0, at)) == 0;
      segment.wide = segment.wide || !IsSpace(c.value) || EndsWithAny(left.substr(0, at), {"  "});
      break;
    }
    at -= c.bytes;
  }
  for (size_t at = 0; at < right.size();) {
    const CodePoint c = CharAt(right, at);
    if (parts(c.value) || (c.value == '-' && (at == 0 || right[at - 1] == ' '))) {
      segment.right = right.substr(0, at);
      segment.last = CountLetters(right.substr(at)) == 0;
      segment.wide = segment.wide || !IsSpace(c.value) || right.substr(at).starts_with("  ");
      break;
    }
    at += c.bytes;
  }
  return segment;
}

bool IsPunctuation(char32_t c) {
  return U"\t|│┃/·•—–;"sv.find(c) != std::u32string_view::npos;
}
bool IsPunctuationOrSpace(char32_t c) {
  return IsSpace(c) || IsPunctuation(c);
}

bool IsLastLine(const Candidate& candidate, const Line& line) {
  return candidate.block_ends_part && candidate.text.size() - line.to <= kValidatorLookBytesMax &&
         LinesAfter(candidate, line, 1).empty();
}

bool AcceptableLetters(const LevelWord& word, const Candidate& candidate, const Line& line,
                       bool near_start) {
  const bool every_page = OnEveryPage(candidate.kind);
  switch (word.letters) {
    case LetterCase::kNone:
    case LetterCase::kUpper:
      return true;
    case LetterCase::kTitle:
      // "Secret" over a text is a title of stories more often than a marking.
      return every_page || (near_start && word.level != v1::LEVEL_SECRET);
    case LetterCase::kLower: {
      // Strictly confidential: the line starts with a capital.
      const string_view left = Trim(Left(candidate, line, word.from));
      return candidate.kind == v1::PART_KIND_WATERMARK ||
             (!left.empty() && IsUpper(left[0]) &&
              (every_page || near_start || IsLastLine(candidate, line)));
    }
  }
  return false;
}

// SECRET//NOFORN, SECRET//REL TO USA, FVEY: capitals behind a double slash.
bool HasCaveats(const LevelWord& word, string_view right) {
  const string_view after = Trim(right);
  return word.letters == LetterCase::kUpper && after.starts_with("//") && after.size() > 2 &&
         std::all_of(after.begin(), after.end(), [](char c) {
           return IsUpper(c) || IsDigit(c) || string_view("/ ,-").find(c) != string_view::npos;
         });
}

// An English sentence of some length.
bool IsSentence(string_view line) {
  constexpr int kSpacesMin = 5;
  return line.ends_with(".") && std::count(line.begin(), line.end(), ' ') >= kSpacesMin;
}

// A title or a story goes on behind it: a line that starts in lower case, or a sentence under 秘密
// or Confidential.
bool IsHeadOfProse(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const bool weak = word.chinese() && word.level == v1::LEVEL_CONFIDENTIAL;
  if (!weak && word.letters != LetterCase::kTitle) {
    return false;
  }
  const auto after = LinesAfter(candidate, line, 1);
  if (after.empty()) {
    return false;
  }
  if (weak) {
    return LineIndex(candidate, line) == 0 && after[0].ends_with("。") &&
           CountCharacters(after[0]) >= kWrappedCharsMin;
  }
  const bool alone = line.to - line.from == word.to - word.from;
  return IsLower(after[0][0]) || (alone && IsSentence(after[0]));
}

// Confidential ........ 4
bool LeadsToPage(string_view right) {
  return right.find("....") != string_view::npos || right.find("……") != string_view::npos;
}

// Numbered (4.2 Confidential), under a number of its own (ARTICLE IX), set as a heading of
// Markdown, or in a table of contents: the word names what the text below is about.
bool IsHeading(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const string_view left = Trim(Left(candidate, line, word.from));
  if (IsHeadingNumber(left, false) || LeadsToPage(Right(candidate, line, word.to)) ||
      (word.letters == LetterCase::kTitle && !left.empty() &&
       left.find_first_not_of('#') == string_view::npos)) {
    return true;
  }
  const auto before = LinesBefore(candidate, line, 1);
  return left.empty() && !before.empty() && IsHeadingNumber(before[0], true);
}

string_view TrimStart(string_view text) {
  for (CodePoint c = CharAt(text, 0); IsSpace(c.value); c = CharAt(text, 0)) {
    text.remove_prefix(c.bytes);
  }
  return text;
}
string_view TrimEnd(string_view text) {
  for (CodePoint c = CharBefore(text, text.size()); IsSpace(c.value);
       c = CharBefore(text, text.size())) {
    text.remove_suffix(c.bytes);
  }
  return text;
}

// 机密文件 12 份: how many there are.
bool IsCount(string_view right) {
  string_view rest = Trim(right);
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  rest = Trim(rest.substr(digits));
  return digits > 0 && StartsWithAny(rest, {"份", "件", "个", "项", "次", "本", "套", "册", "台",
                                            "人", "名", "卷", "盘", "张"});
}

// A table of documents with their levels in plain text: 序号 文件名 密级.
bool BelowTableHead(const Candidate& candidate, const Line& line) {
  const auto before = LinesBefore(candidate, line, 3);
  return std::any_of(before.begin(), before.end(), [](string_view other) {
    const size_t at = other.find("密级");
    return at != string_view::npos && at > 0 && other.find(':') == string_view::npos &&
           other.find("：") == string_view::npos &&
           (IsSpace(CharBefore(other, at).value) || other[at - 1] == '\t' || other[at - 1] == '|');
  });
}

// A cell: alone on its row near the top of the sheet.
Shape CellBanner(const Candidate& candidate, const LevelWord& word, const Line& line,
                 string_view left, string_view right) {
  const bool alone = Trim(left).empty() && Trim(right).empty();
  if (!NearStart(candidate, line)) {
    return No();
  }
  if (alone || (left.find('\t') == string_view::npos && right.find('\t') == string_view::npos &&
                IsBanner(left, word, right))) {
    return {Reject::kNone, kConfidenceBanner, word.to, std::nullopt};
  }
  // A title row that closes or opens with the level: other cells, all of them on one side.
  const string_view cell_left = left.substr(left.find_last_of('\t') + 1);
  const string_view cell_right = right.substr(0, right.find('\t'));
  const bool edge = Trim(left).empty() || Trim(right).empty();
  const bool first_row = LineIndex(candidate, line) == 0;
  return edge && first_row && Trim(cell_left).empty() && Trim(cell_right).empty()
             ? Shape{Reject::kNone, kConfidenceBannerInBody, word.to, std::nullopt}
             : No();
}

// The word stands in a stretch of its own, whatever the rest of the line is: Hengtai Bank | SECRET.
bool IsBannerOfSegment(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const string_view left = Left(candidate, line, word.from);
  const string_view right = Right(candidate, line, word.to);
  const Segment segment = SegmentOf(TrimStart(left), TrimEnd(right), IsPunctuationOrSpace);
  const string_view rest_left = left.substr(0, left.size() - segment.left.size());
  const string_view rest_right = right.substr(segment.right.size());
  if (!IsBanner(segment.left, word, segment.right) || IsCount(rest_right) ||
      BelowTableHead(candidate, line) || HasSentenceMark(rest_left) ||
      HasSentenceMark(rest_right) || NamesOtherLevel(rest_left, word) ||
      NamesOtherLevel(rest_right, word) || SpeaksOfMarking(rest_left) ||
      NumberingLength(Trim(rest_left)) > 0 || Trim(rest_right).starts_with(':') ||
      rest_left.find(':') != string_view::npos || LabelLength(Trim(rest_left)) > 0) {
    return false;
  }
  if (OnEveryPage(candidate.kind)) {
    // The Secret Garden, Confidential Client Agreement: a word of a title. Hengtai Bank
    // Confidential closes its stretch.
    const Segment stretch = SegmentOf(left, right, IsPunctuation);
    const bool lower = word.letters == LetterCase::kLower;
    const bool of_title = !word.chinese() && word.letters != LetterCase::kUpper && !segment.wide &&
                          (word.level == v1::LEVEL_SECRET ||
                           !IsBanner(lower ? stretch.left : string_view(), word, stretch.right));
    return !of_title && !EndsWithNot(left);
  }
  const bool title = NearStart(candidate, line) && (segment.first || segment.last) &&
                     CountCharacters(left) + CountCharacters(right) <= kTitleCharsMax;
  const bool weak = !segment.wide && (word.level == v1::LEVEL_CONFIDENTIAL || !word.chinese());
  return title && !weak;
}

Shape BannerOnItsLine(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const string_view left = Left(candidate, line, word.from);
  const string_view right = Right(candidate, line, word.to);
  const bool near_start = NearStart(candidate, line);
  const bool every_page = OnEveryPage(candidate.kind);
  if (!line.whole || OpensQuote(left) || !AcceptableLetters(word, candidate, line, near_start) ||
      CountCharacters(left) + CountCharacters(right) > kBannerCharsMax) {
    return No();
  }
  if (candidate.kind == v1::PART_KIND_CELLS) {
    return CellBanner(candidate, word, line, left, right);
  }
  Shape yes{Reject::kNone, every_page || near_start ? kConfidenceBanner : kConfidenceBannerInBody,
            word.to, std::nullopt};
  if (HasCaveats(word, right) && CountCharacters(Trim(left)) <= kPortionCharsMax &&
      !HasSentenceMark(left)) {
    return yes;
  }
  // CONFIDENTIAL: Q3 forecast
  if (word.letters == LetterCase::kUpper && word.level == v1::LEVEL_CONFIDENTIAL && near_start &&
      Trim(left).empty() && right.starts_with(": ") && !HasSentenceMark(right)) {
    return yes;
  }
  // A watermark is a stamp whatever stands in front: 某某集团机密.
  if (candidate.kind == v1::PART_KIND_WATERMARK && word.level != v1::LEVEL_CONFIDENTIAL &&
      CountCharacters(left) <= 16 && Trim(right).empty() && !HasSentenceMark(left)) {
    return yes;
  }
  if (IsBanner(left, word, right)) {
    const bool weak =
        word.chinese() && word.level == v1::LEVEL_CONFIDENTIAL && !every_page && !near_start;
    return weak || (!every_page &&
                    (IsWrappedProse(candidate, line) || IsHeadOfProse(candidate, word, line) ||
                     IsHeading(candidate, word, line)))
               ? No()
               : yes;
  }
  return IsBannerOfSegment(candidate, word, line) ? yes : No();
}

}  // namespace

Shape BannerShape(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const Shape shape = BannerOnItsLine(candidate, word, line);
  // Looks at the lines around, so last: most words are prose and never get here.
  return shape.reject == Reject::kNone && InListOfLevels(candidate, word, line) ? No() : shape;
}

}  // namespace shoumi::rules
