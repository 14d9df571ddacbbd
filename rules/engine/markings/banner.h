#pragma once

#include <string_view>

#include "rules/engine/markings/level_word.h"

namespace shoumi::rules {

// True when the text around a level word consists of nothing but what stands on banners: who the
// owner is (内部, 公司), what the thing is (文件, 资料), how to handle it (严禁外传, DO NOT
// DISTRIBUTE), page numbers and decoration. `left` and `right` are the rest of the line or segment.
bool IsBanner(std::string_view left, const LevelWord& word, std::string_view right);
// `left` without the words that qualify a level at its end: Strictly, Private and, Company.
std::string_view WithoutQualifiers(std::string_view left);
// "Not" or "non-" at the end of `left`, which takes the marking back.
bool EndsWithNot(std::string_view left);

// True when the Chinese character right before or behind a Chinese level word belongs to no form of
// marking: 国家秘密, 秘密泄露的. Cheap, and true of nearly all prose; the other checks read whole
// lines.
bool TouchesProse(std::string_view text, const LevelWord& word);

}  // namespace shoumi::rules
