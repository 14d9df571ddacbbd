#include <algorithm>

#include "rules/engine/markings/around.h"
#include "rules/engine/markings/banner.h"
#include "rules/engine/markings/shape.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

using std::string_view;
using namespace std::literals::string_view_literals;

constexpr uint8_t kConfidenceLabel = 93;

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

}  // namespace

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
  if (!word.chinese()) {
    before = WithoutQualifiers(before);  // Sensitivity: Highly Confidential
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
  // 原密级 is what it was.
  if (!ends || lead.ends_with("原") || GoesOn(right) || OpensQuote(lead) || SpeaksOfMarking(lead) ||
      CountCharacters(Trim(lead)) > kTitleCharsMax || lead.find("。") != string_view::npos ||
      (!checked && NamesOtherLevel(right, word))) {
    return No();
  }
  return {Reject::kNone, kConfidenceLabel, to, std::nullopt};
}

}  // namespace shoumi::rules
