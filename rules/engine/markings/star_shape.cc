#include "rules/engine/markings/around.h"
#include "rules/engine/markings/shape.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

using std::string_view;
using namespace std::literals::string_view_literals;

constexpr uint8_t kConfidenceStar = 97;

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
  // A name has no sentence that a star could stand in: 方案机密★5年.
  const bool clear = bracketed || candidate.kind == v1::PART_KIND_FILE_NAME || LeftIsClear(left);
  if (OpensQuote(left) || GoesOn(right) || !clear || SpeaksOfMarking(left) ||
      HasSentenceMark(left)) {
    return No();
  }
  return shape;
}

}  // namespace shoumi::rules
