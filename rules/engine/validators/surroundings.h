#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "rules/engine/validator.h"

// What stands directly around a value: is it a word of its own, and what is it called there?
namespace shoumi::rules {

// False when [from, to) is part of a longer word, number, amount, path, URL or file name.
bool StandsAlone(const Candidate& candidate, size_t from, size_t to);

// True when the label right before `from` names something else: 订单号:, "serial": , SN=.
bool LabelledOtherwise(std::string_view text, size_t from);

// True when a unit of measure or money follows: 13800000000元.
bool IsAmount(std::string_view text, size_t from, size_t to);

// True when one of `words` occurs on the same line in the `bytes_max` before `from`. ASCII words
// are compared without case and must be given in lower case.
bool SaidBefore(std::string_view text, size_t from, size_t bytes_max,
                std::span<const std::string_view> words);

// All characters the same.
bool IsMonotone(std::string_view value);

Judgement Rejected(Reject reject);

}  // namespace shoumi::rules
