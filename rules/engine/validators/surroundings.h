#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "rules/engine/text/byte_set.h"
#include "rules/engine/text/utf8.h"
#include "rules/engine/validator.h"

// What stands directly around a value: is it a word of its own, and what is it called there?
namespace shoumi::rules {

// False when [from, to) is part of a longer word, number, amount, path, URL or file name.
bool StandsAlone(const Candidate& candidate, size_t from, size_t to);

// True when the label right before `from` names something else: 订单号:, "serial": , SN=.
bool LabelledOtherwise(std::string_view text, size_t from);

// True when a unit of measure or money follows: 13800000000元.
bool IsAmount(std::string_view text, size_t from, size_t to);

// Words to look for with SaidBefore(). ASCII words are compared without case and must be given in
// lower case.
struct WordsBefore {
  constexpr explicit WordsBefore(std::span<const std::string_view> all) : words(all), starts("") {
    for (const std::string_view word : all) {
      starts.Add(word.front());
      starts.Add(ToUpper(word.front()));
    }
  }
  std::span<const std::string_view> words;
  ByteSet starts;
};

// True when one of the words occurs on the same line in the `bytes_max` before `from`.
bool SaidBefore(std::string_view text, size_t from, size_t bytes_max, const WordsBefore& words);

// All characters the same.
bool IsMonotone(std::string_view value);

Judgement Rejected(Reject reject);

}  // namespace shoumi::rules
