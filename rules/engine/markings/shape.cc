#include "rules/engine/markings/shape.h"

#include <algorithm>
#include <array>
#include <string>

#include "rules/engine/markings/banner.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

using std::string_view;
using namespace std::literals::string_view_literals;

constexpr uint8_t kConfidenceStar = 97;
constexpr uint8_t kConfidenceLabel = 93;
constexpr uint8_t kConfidenceBracket = 90;
constexpr uint8_t kConfidenceBanner = 90;
constexpr uint8_t kConfidenceBannerInBody = 75;
constexpr size_t kStartLines = 6;  // a document marks itself within its first lines
constexpr size_t kTitleCharsMax = 50;
constexpr size_t kBannerCharsMax = 80;
constexpr size_t kWrappedCharsMin = 20;
constexpr size_t kPortionCharsMax = 12;  // (S//NF) in front of a banner

Shape No(Reject reject = Reject::kProse) {
  return {reject, 0, 0, std::nullopt};
}

bool StartsWithAny(string_view text, std::initializer_list<string_view> list) {
  return std::any_of(list.begin(), list.end(),
                     [&](string_view item) { return StartsWith(text, item); });
}
bool EndsWithAny(string_view text, std::initializer_list<string_view> list) {
  return std::any_of(list.begin(), list.end(),
                     [&](string_view item) { return EndsWith(text, item); });
}

string_view Left(const Candidate& c, const Line& line, size_t to) {
  return c.text.substr(line.from, to - line.from);
}
string_view Right(const Candidate& c, const Line& line, size_t from) {
  return from >= line.to ? string_view() : c.text.substr(from, line.to - from);
}

bool OpensQuote(string_view left) {
  return EndsWithAny(Trim(left), {"“", "‘", "「", "『", "《", "\"", "'", "”", "〈"});
}

// The sentence goes on behind the word: 机密的, 秘密级是指, 绝密、机密.
bool GoesOn(string_view right) {
  return StartsWithAny(Trim(right), {"的", "是", "指", "为", "字样", "标志", "标识", "标记", "表示",
                                     "和", "或", "与", "及", "、",   "”",    "’",    "」",   "』",
                                     "》", "\"", "级", "性", "等级", "级别", "事项", "程度"});
}

// Words that introduce an example or an instruction to mark, not a marking.
bool SpeaksOfMarking(string_view left) {
  constexpr std::array<string_view, 19> kWords = {
      "例如", "比如", "如:",  "如：", "格式", "形式", "样式", "标注", "标明", "标识",
      "标志", "字样", "注明", "加盖", "写明", "写成", "表示", "应当", "不得"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](string_view word) { return left.find(word) != string_view::npos; });
}

bool EndsApart(string_view left) {
  const CodePoint c = CharBefore(left, left.size());
  return c.bytes == 0 || IsSpace(c.value) || IsDash(c.value) ||
         U"\t|│┃:：;】])〕〗>/·•★_,，"sv.find(c.value) != std::u32string_view::npos;
}
bool StartsApart(string_view right) {
  const CodePoint c = CharAt(right, 0);
  return c.bytes == 0 || IsSpace(c.value) || IsDash(c.value) ||
         U"\t|│┃;【[(〔〖</·•★☆_,，!！.。"sv.find(c.value) != std::u32string_view::npos;
}

// Nothing in front, or a short entry of its own such as a number of copies or an organisation.
bool LeftIsClear(string_view left) {
  const string_view before = Trim(left);
  if (before.empty()) {
    return true;
  }
  return CountChars(before) <= kTitleCharsMax && EndsApart(left) && !HasSentenceMark(before) &&
         !SpeaksOfMarking(before) && !OpensQuote(left);
}

size_t AfterLevelSuffix(string_view text, size_t at) {
  return text.substr(at).starts_with("级") ? at + string_view("级").size() : at;
}

size_t SkipSpaces(string_view text, size_t at) {
  for (CodePoint c = CharAt(text, at); IsSpace(c.value); c = CharAt(text, at)) {
    at += c.bytes;
  }
  return at;
}

bool IsCheckedBox(char32_t c) {
  return U"☑✓✔√■☒●◉"sv.find(c) != std::u32string_view::npos;
}
bool IsEmptyBox(char32_t c) {
  return U"□☐○◯◇"sv.find(c) != std::u32string_view::npos;
}
// A choice that nobody made: □ 机密, [ ] Confidential.
bool EndsWithEmptyBox(string_view left) {
  const string_view before = Trim(left);
  return IsEmptyBox(CharBefore(before, before.size()).value) ||
         EndsWithAny(before, {"[ ]", "[]", "( )", "()"});
}

// The label that ends at the end of `left`; its length in bytes or 0.
size_t LabelLength(string_view left) {
  constexpr std::array<string_view, 15> kChinese = {"密级",     "密 级",    "密  级",   "保密级别",
                                                    "保密等级", "涉密等级", "涉密级别", "安全等级",
                                                    "安全级别", "文件等级", "保密程度", "秘密等级",
                                                    "机密等级", "机密级别", "秘密级别"};
  for (const string_view label : kChinese) {
    if (EndsWith(left, label)) {
      return label.size();
    }
  }
  constexpr std::array<string_view, 9> kEnglish = {
      "classification",        "security level",       "sensitivity",
      "confidentiality level", "confidentiality",      "protective marking",
      "classified as",         "classification level", "security marking"};
  if (left.empty() || !IsAlpha(left.back())) {
    return 0;
  }
  std::string lower(left.substr(left.size() > 32 ? left.size() - 32 : 0));
  std::transform(lower.begin(), lower.end(), lower.begin(), ToLower);
  for (const string_view label : kEnglish) {
    if (EndsWith(lower, label)) {
      return label.size();
    }
  }
  return 0;
}

bool NearStart(const Candidate& candidate, const Line& line) {
  const bool front = candidate.kind == v1::PART_KIND_BODY ||
                     candidate.kind == v1::PART_KIND_FIRST_PAGE ||
                     candidate.kind == v1::PART_KIND_CELLS;
  const size_t index = LineIndex(candidate, line);
  return front && index != string_view::npos && index < kStartLines;
}

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
    if (parts(c.value) || (c.value == '-' && at == 0)) {
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

// A title or a story goes on behind it: a line that starts in lower case, or 秘密 over a sentence.
bool IsHeadOfProse(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const bool weak = word.chinese() && word.level == v1::LEVEL_CONFIDENTIAL;
  if (!weak && word.letters != LetterCase::kTitle) {
    return false;
  }
  const auto after = LinesAfter(candidate, line, 1);
  return !after.empty() && (weak ? LineIndex(candidate, line) == 0 && after[0].ends_with("。") &&
                                       CountChars(after[0]) >= kWrappedCharsMin
                                 : IsLower(after[0][0]));
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

}  // namespace

Shape StarShape(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const string_view text = candidate.text;
  size_t at = SkipSpaces(text, AfterLevelSuffix(text, word.to));
  const CodePoint star = CharAt(text, at);
  // 机密(10年): brackets in place of the star.
  if (star.value == '(') {
    const size_t inside = SkipSpaces(text, at + 1);
    const auto term = ReadTerm(Right(candidate, line, inside));
    const size_t close = inside + (term ? term->bytes : 0);
    const bool closed = term && text.substr(close).starts_with(")");
    return closed && Trim(Left(candidate, line, word.from)).empty() &&
                   Trim(Right(candidate, line, close + 1)).empty()
               ? Shape{Reject::kNone, kConfidenceStar, close + 1, term}
               : No(Reject::kShape);
  }
  const bool real = U"★☆✩✭⭐✯"sv.find(star.value) != std::u32string_view::npos && star.bytes > 0;
  if (!real && star.value != '*') {
    return No(Reject::kShape);
  }
  size_t to = at + star.bytes;
  at = SkipSpaces(text, to);
  Shape shape{Reject::kNone, kConfidenceStar, to, ReadTerm(Right(candidate, line, at))};
  if (shape.term) {
    shape.to = at + shape.term->bytes;
  } else if (!real) {
    return No(Reject::kShape);
  }
  string_view left = Left(candidate, line, word.from);
  for (const string_view prefix : {"商业", "内部", "核心", "公司", "企业"}) {
    if (left.ends_with(prefix)) {
      left.remove_suffix(prefix.size());
      break;
    }
  }
  const string_view right = Right(candidate, line, shape.to);
  const bool bracketed = EndsWithAny(left, {"【", "[", "(", "〔", "〖", "<"});
  if (bracketed) {
    left.remove_suffix(CharBefore(left, left.size()).bytes);
  }
  // ★机密★ and centred decoration.
  while (EndsWithAny(left, {"★", "☆"})) {
    left.remove_suffix(string_view("★").size());
  }
  if (OpensQuote(left) || GoesOn(right) || (!LeftIsClear(left) && !bracketed) ||
      SpeaksOfMarking(left) || HasSentenceMark(left)) {
    return No();
  }
  return shape;
}

Shape LabelShape(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const string_view text = candidate.text;
  string_view left = Left(candidate, line, word.from);
  const CodePoint box = CharBefore(left, Trim(left).empty() ? 0 : left.size());
  const bool checked = IsCheckedBox(box.value);
  if (EndsWithEmptyBox(left)) {
    return No();
  }
  string_view before = checked ? left.substr(0, left.size() - box.bytes) : left;
  // A row of boxes: the label is further left, behind the unchecked ones.
  if (checked) {
    const size_t empty = before.find_first_of("[(");
    for (size_t at = 0; at < before.size(); at += CharAt(before, at).bytes) {
      if (IsEmptyBox(CharAt(before, at).value)) {
        before = before.substr(0, at);
        break;
      }
    }
    before = before.substr(0, std::min(empty, before.size()));
  }
  while (!before.empty()) {
    const CodePoint c = CharBefore(before, before.size());
    if (!IsSpace(c.value) && U"\t:：=-—[(【〔<|│"sv.find(c.value) == std::u32string_view::npos) {
      break;
    }
    before.remove_suffix(c.bytes);
  }
  const size_t label = LabelLength(before);
  if (label == 0) {
    return No(Reject::kShape);
  }
  const string_view lead = before.substr(0, before.size() - label);
  const size_t to = AfterLevelSuffix(text, word.to);
  const string_view right = Right(candidate, line, to);
  const bool ends = StartsApart(right) || StartsWithAny(right, {"】", "]", ")", "〕", ">"});
  if (!ends || GoesOn(right) || OpensQuote(lead) || SpeaksOfMarking(lead) ||
      CountChars(Trim(lead)) > kTitleCharsMax || lead.find("。") != string_view::npos ||
      (!checked && NamesOtherLevel(right, word))) {
    return No();
  }
  return {Reject::kNone, kConfidenceLabel, to, std::nullopt};
}

namespace {

// As rfind, which compares whole strings at every byte.
size_t LastOf(string_view text, string_view mark) {
  for (size_t at = text.size(); at-- > 0;) {
    if (text[at] == mark[0] && text.substr(at).starts_with(mark)) {
      return at;
    }
  }
  return string_view::npos;
}

}  // namespace

Shape BracketShape(const Candidate& candidate, const LevelWord& word, const Line& line) {
  constexpr string_view kPairs[][2] = {{"【", "】"}, {"[", "]"}, {"(", ")"},  {"〔", "〕"},
                                       {"〖", "〗"}, {"<", ">"}, {"《", "》"}};
  const string_view left = Left(candidate, line, word.from);
  const string_view right = Right(candidate, line, word.to);
  for (const auto& pair : kPairs) {
    const size_t close = right.find(pair[1]);
    const size_t open = close == string_view::npos ? close : LastOf(left, pair[0]);
    if (open == string_view::npos) {
      continue;
    }
    const string_view in_left = left.substr(open + pair[0].size());
    const string_view in_right = right.substr(0, close);
    const bool whole =
        Trim(left.substr(0, open)).empty() && Trim(right.substr(close + pair[1].size())).empty();
    if ((pair[0] == "《" && !whole) || !IsBanner(in_left, word, in_right) ||
        word.letters == LetterCase::kLower) {
      continue;
    }
    const string_view outside_left = left.substr(0, open);
    const string_view outside_right = right.substr(close + pair[1].size());
    const bool at_end = Trim(outside_right).empty();
    const bool at_start = LeftIsClear(outside_left) && NumberingLength(Trim(outside_left)) == 0;
    const bool sentence = HasSentenceMark(outside_left) || SpeaksOfMarking(outside_left) ||
                          OpensQuote(outside_left) || GoesOn(outside_right) ||
                          StartsWithAny(Trim(outside_right), {":", "："}) ||
                          outside_right.find("。") != string_view::npos ||
                          EndsWithAny(outside_left, {"资格", "资质", "认证", "等级", "级别"});
    const size_t chars = CountChars(outside_left) + CountChars(outside_right);
    const bool title = at_end && !Trim(outside_left).empty()
                           ? chars <= kTitleCharsMax && NumberingLength(Trim(outside_left)) == 0
                           : chars <= kBannerCharsMax;
    if (sentence || !(at_start || at_end) || !title || !line.whole ||
        NamesOtherLevel(outside_right, word) || InListOfLevels(candidate, word, line)) {
      return No();
    }
    const size_t to = word.to + close + pair[1].size();
    size_t term_at = 0;
    while (term_at < in_right.size() && !IsDigit(in_right[term_at]) &&
           !ReadTerm(in_right.substr(term_at))) {
      term_at += CharAt(in_right, term_at).bytes;
    }
    return {Reject::kNone, kConfidenceBracket, to, ReadTerm(in_right.substr(term_at))};
  }
  return No(Reject::kShape);
}

namespace {

Shape BannerOnItsLine(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const string_view left = Left(candidate, line, word.from);
  const string_view right = Right(candidate, line, word.to);
  const bool near_start = NearStart(candidate, line);
  const bool every_page = OnEveryPage(candidate.kind);
  if (!line.whole || OpensQuote(left) || !AcceptableLetters(word, candidate, line, near_start) ||
      CountChars(left) + CountChars(right) > kBannerCharsMax) {
    return No();
  }
  if (candidate.kind == v1::PART_KIND_CELLS) {
    return CellBanner(candidate, word, line, left, right);
  }
  Shape yes{Reject::kNone, every_page || near_start ? kConfidenceBanner : kConfidenceBannerInBody,
            word.to, std::nullopt};
  if (HasCaveats(word, right) && CountChars(Trim(left)) <= kPortionCharsMax &&
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
      CountChars(left) <= 16 && Trim(right).empty() && !HasSentenceMark(left)) {
    return yes;
  }
  if (IsBanner(left, word, right)) {
    const bool weak =
        word.chinese() && word.level == v1::LEVEL_CONFIDENTIAL && !every_page && !near_start;
    return weak || (!every_page &&
                    (IsWrappedProse(candidate, line) || IsHeadOfProse(candidate, word, line)))
               ? No()
               : yes;
  }
  const Segment segment = SegmentOf(TrimStart(left), TrimEnd(right), IsPunctuationOrSpace);
  const string_view rest_left = left.substr(0, left.size() - segment.left.size());
  const string_view rest_right = right.substr(segment.right.size());
  if (!IsBanner(segment.left, word, segment.right) || IsCount(rest_right) ||
      BelowTableHead(candidate, line) || HasSentenceMark(rest_left) ||
      HasSentenceMark(rest_right) || NamesOtherLevel(rest_left, word) ||
      NamesOtherLevel(rest_right, word) || SpeaksOfMarking(rest_left) ||
      NumberingLength(Trim(rest_left)) > 0 || Trim(rest_right).starts_with(':') ||
      rest_left.find(':') != string_view::npos || LabelLength(Trim(rest_left)) > 0) {
    return No();
  }
  if (every_page) {
    // The Secret Garden, Confidential Client Agreement: a word of a title. Hengtai Bank
    // Confidential closes its stretch.
    const Segment stretch = SegmentOf(left, right, IsPunctuation);
    const bool lower = word.letters == LetterCase::kLower;
    const bool of_title = !word.chinese() && word.letters != LetterCase::kUpper && !segment.wide &&
                          (word.level == v1::LEVEL_SECRET ||
                           !IsBanner(lower ? stretch.left : string_view(), word, stretch.right));
    return of_title || EndsWithNot(left) ? No() : yes;
  }
  const bool title = near_start && (segment.first || segment.last) &&
                     CountChars(left) + CountChars(right) <= kTitleCharsMax;
  const bool weak = !segment.wide && (word.level == v1::LEVEL_CONFIDENTIAL || !word.chinese());
  return title && !weak ? yes : No();
}

}  // namespace

Shape BannerShape(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const Shape shape = BannerOnItsLine(candidate, word, line);
  // Looks at the lines around, so last: most words are prose and never get here.
  return shape.reject == Reject::kNone && InListOfLevels(candidate, word, line) ? No() : shape;
}

namespace {

// "Public	Anyone": a table that explains levels names the open ones too.
bool IsRowOfOpenLevel(string_view line) {
  constexpr std::array<string_view, 7> kOpen = {"公开",   "内部",     "一般",        "普通",
                                                "Public", "Internal", "Unclassified"};
  return std::any_of(kOpen.begin(), kOpen.end(), [&](string_view word) {
    return line.starts_with(word) && line.size() > word.size() && line[word.size()] == '\t';
  });
}

}  // namespace

bool InListOfLevels(const Candidate& candidate, const LevelWord& word, const Line& line) {
  // 人员名单 秘密: the last column of a table.
  const auto ends_with_other = [&](string_view other) {
    for (const size_t back : {string_view("秘密级").size(), string_view("秘密").size()}) {
      if (other.size() <= back + 1) {
        continue;
      }
      const size_t at = other.size() - back;
      const CodePoint gap = CharBefore(other, at);
      const LevelWord found = CharFloor(other, at) == at ? ReadLevelWord(other, at) : LevelWord();
      if (found.found() && (IsSpace(gap.value) || gap.value == '\t')) {
        return found.level != word.level && word.chinese();
      }
    }
    return false;
  };
  const auto lists = [&](string_view other) {
    other = Trim(other.substr(NumberingLength(other)));
    if (ends_with_other(other) || IsRowOfOpenLevel(other)) {
      return true;
    }
    for (size_t i = 0; i < 3; ++i) {
      const CodePoint c = CharAt(other, 0);
      const LevelWord found = ReadLevelWord(other, 0);
      if (found.found()) {
        return found.level != word.level && found.chinese() == word.chinese();
      }
      if (c.bytes == 0 || IsHan(c.value)) {
        break;
      }
      other.remove_prefix(c.bytes);
    }
    return false;
  };
  const auto before = LinesBefore(candidate, line, 3);
  const auto after = LinesAfter(candidate, line, 3);
  return std::any_of(before.begin(), before.end(), lists) ||
         std::any_of(after.begin(), after.end(), lists);
}

}  // namespace shoumi::rules
