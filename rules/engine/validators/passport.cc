// Passports of China and its special administrative regions. Ordinary: E and eight digits, E letter
// and seven digits, G and eight digits before 2012; diplomatic D, DE; service S, SE; public affairs
// P, PE; Hong Kong K, KJ, H; Macau MA. No check digit outside the machine-readable zone.
#include <array>
#include <string>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/document_numbers.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr uint8_t kConfidence = 40;
// In lower case "9" stands for a digit and letters for themselves; 'A' would be any letter.
constexpr std::array<std::string_view, 13> kForms = {
    "e99999999", "eA9999999", "g99999999", "d99999999", "s99999999", "p99999999", "h99999999",
    "k99999999", "de9999999", "se9999999", "pe9999999", "kj9999999", "ma9999999"};

// E 12345678, E J1234567: takes the letter in front of one space and the rest.
Word WithLetterApart(std::string_view text, Word word) {
  const bool apart = word.size() == 8 && word.from >= 2 && text[word.from - 1] == ' ' &&
                     IsAlpha(text[word.from - 2]) &&
                     (word.from == 2 || !IsAlnum(text[word.from - 3]));
  return apart ? Word{word.from - 2, word.to} : word;
}

}  // namespace

Judgement ValidatePassport(const Candidate& candidate) {
  const Word word = WithLetterApart(candidate.text, WordAt(candidate));
  std::string value(candidate.text.substr(word.from, word.to - word.from));
  std::erase(value, ' ');
  for (char& c : value) {
    c = ToUpper(c);
  }
  for (const std::string_view form : kForms) {
    if (HasForm(value, form)) {
      return JudgeWord(candidate, word, kConfidence);
    }
  }
  return Rejected(Reject::kShape);
}

}  // namespace shoumi::rules
