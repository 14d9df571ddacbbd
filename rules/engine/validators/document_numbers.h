#pragma once

#include <cstddef>
#include <string_view>

#include "rules/engine/validator.h"

// Short numbers of documents: letters and digits in one word, no separators, no check.
namespace shoumi::rules {

struct Word {
  size_t from = 0;
  size_t to = 0;
  [[nodiscard]] size_t size() const { return to - from; }
};
// The letters and digits around the anchor; empty when there are none.
Word WordAt(const Candidate& candidate);

// `text` against a form: 'A' an upper-case letter without I and O, '9' a digit, others themselves.
bool HasForm(std::string_view text, std::string_view form);

// Boundaries and labels, then acceptance with the word as value.
Judgement JudgeWord(const Candidate& candidate, const Word& word, uint8_t confidence);

}  // namespace shoumi::rules
