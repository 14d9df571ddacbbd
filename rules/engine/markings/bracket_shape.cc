#include "rules/engine/markings/around.h"
#include "rules/engine/markings/banner.h"
#include "rules/engine/markings/shape.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

using std::string_view;

constexpr uint8_t kConfidenceBracket = 90;

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
    const size_t chars = CountCharacters(outside_left) + CountCharacters(outside_right);
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

}  // namespace shoumi::rules
