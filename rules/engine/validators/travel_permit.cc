// Travel permits: mainland permits of people from Hong Kong and Macau (H or M, eight digits, two
// more for the number of the renewal) and from Taiwan (eight digits); permits of mainland people
// to Hong Kong and Macau (C or W) and to Taiwan (T or L). No check digit.
#include <array>
#include <string>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/document_numbers.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr uint8_t kConfidence = 40;
constexpr uint8_t kConfidenceNamed = 60;
constexpr size_t kNameBytesMax = 64;

constexpr std::array<std::string_view, 9> kForms = {"h99999999",   "m99999999", "h9999999999",
                                                    "m9999999999", "c99999999", "cA9999999",
                                                    "w99999999",   "t99999999", "l99999999"};

// Eight digits alone say nothing; the name of the document must stand before them.
constexpr std::array<std::string_view, 6> kTaiwanNames = {
    "台胞证", "臺胞證", "台湾居民来往大陆", "臺灣居民來往大陸", "台湾居民", "mtp"};
constexpr WordsBefore kBeforeTaiwanPermits(kTaiwanNames);

}  // namespace

Judgement ValidateTravelPermit(const Candidate& candidate) {
  const Word word = WordAt(candidate);
  std::string value(candidate.text.substr(word.from, word.size()));
  for (char& c : value) {
    c = ToUpper(c);
  }
  for (const std::string_view form : kForms) {
    if (HasForm(value, form)) {
      return JudgeWord(candidate, word, kConfidence);
    }
  }
  if (!HasForm(value, "99999999")) {
    return Rejected(Reject::kShape);
  }
  if (!SaidBefore(candidate.text, word.from, kNameBytesMax, kBeforeTaiwanPermits)) {
    return Rejected(Reject::kContext);
  }
  return JudgeWord(candidate, word, kConfidenceNamed);
}

}  // namespace shoumi::rules
