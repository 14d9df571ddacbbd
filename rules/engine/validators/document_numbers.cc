#include "rules/engine/validators/document_numbers.h"

#include <algorithm>
#include <string>
#include <utility>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/surroundings.h"

namespace shoumi::rules {
namespace {

constexpr size_t kWordBytesMax = 64;

// 2024-E12345678 or E12345678-01: one part of a longer code.
bool HyphenatedCode(std::string_view text, const Word& word) {
  const bool before = word.from > 1 && text[word.from - 1] == '-' && IsAlnum(text[word.from - 2]);
  const bool after =
      word.to + 1 < text.size() && text[word.to] == '-' && IsAlnum(text[word.to + 1]);
  return before || after;
}

}  // namespace

Word WordAt(const Candidate& candidate) {
  const std::string_view text = candidate.text;
  size_t at = std::min(candidate.from, text.size());
  while (at < text.size() && at < candidate.to && !IsAlnum(text[at])) {
    ++at;
  }
  if (at >= text.size() || !IsAlnum(text[at])) {
    if (at == 0 || !IsAlnum(text[at - 1])) {
      return {};
    }
    --at;
  }
  Word word{at, at + 1};
  while (word.from > 0 && at - word.from < kWordBytesMax && IsAlnum(text[word.from - 1])) {
    --word.from;
  }
  while (word.to < text.size() && word.to - at < kWordBytesMax && IsAlnum(text[word.to])) {
    ++word.to;
  }
  return word;
}

bool HasForm(std::string_view text, std::string_view form) {
  if (text.size() != form.size()) {
    return false;
  }
  for (size_t i = 0; i < form.size(); ++i) {
    const char c = text[i];
    const bool fits = form[i] == 'A'   ? IsUpper(c) && c != 'I' && c != 'O'
                      : form[i] == '9' ? IsDigit(c)
                                       : c == ToUpper(form[i]);
    if (!fits) {
      return false;
    }
  }
  return true;
}

Judgement JudgeWord(const Candidate& candidate, const Word& word, uint8_t confidence) {
  const std::string_view text = candidate.text;
  std::string value(text.substr(word.from, word.size()));
  std::erase(value, ' ');
  std::transform(value.begin(), value.end(), value.begin(), ToUpper);
  const size_t digits = value.find_first_of("0123456789");
  if (digits != std::string::npos && value.size() - digits > 3 &&
      IsMonotone(std::string_view(value).substr(digits))) {
    return Rejected(Reject::kExcluded);
  }
  if (HyphenatedCode(text, word) || !StandsAlone(candidate, word.from, word.to)) {
    return Rejected(Reject::kBoundary);
  }
  if (LabelledOtherwise(text, word.from) || IsAmount(text, word.from, word.to)) {
    return Rejected(Reject::kContext);
  }
  return {.from = word.from,
          .to = word.to,
          .confidence = confidence,
          .value = std::move(value),
          .marking = {}};
}

}  // namespace shoumi::rules
