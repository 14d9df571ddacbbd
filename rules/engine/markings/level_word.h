#pragma once

#include <cstddef>
#include <string_view>

#include "shoumi/v1/finding.pb.h"

namespace shoumi::rules {

enum class LetterCase : uint8_t { kNone, kUpper, kTitle, kLower };

// 绝密, 机密 or 秘密, spaces between allowed; TOP SECRET, SECRET or CONFIDENTIAL.
struct LevelWord {
  size_t from = 0;
  size_t to = 0;  // 0: none
  v1::Level level = v1::LEVEL_UNSPECIFIED;
  LetterCase letters = LetterCase::kNone;  // kNone: Chinese
  [[nodiscard]] bool found() const { return to > from; }
  [[nodiscard]] bool chinese() const { return letters == LetterCase::kNone; }
};

// The word that starts at `at`.
LevelWord ReadLevelWord(std::string_view text, size_t at);
// The first word that overlaps or touches [from, to].
LevelWord FindLevelWord(std::string_view text, size_t from, size_t to);
// A word of another level in the same script anywhere in `text`.
bool NamesOtherLevel(std::string_view text, const LevelWord& word);

// "机密", "TOP SECRET"
std::string_view Canonical(const LevelWord& word);

}  // namespace shoumi::rules
