#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "rules/engine/markings/level_word.h"
#include "rules/engine/markings/line.h"
#include "rules/engine/markings/term.h"
#include "rules/engine/validator.h"

namespace shoumi::rules {

// How a word marks its document, by the shape of the text around it.
struct Shape {
  Reject reject = Reject::kNone;
  uint8_t confidence = 0;
  size_t to = 0;             // end of the marking with star and term
  std::optional<Term> term;  // written with the word
};

// 机密★10年, 绝密★启用前, 秘密★; term required after an asterisk.
Shape StarShape(const Candidate& candidate, const LevelWord& word, const Line& line);
// 密级：机密, Classification: SECRET.
Shape LabelShape(const Candidate& candidate, const LevelWord& word, const Line& line);
// 【机密】, [SECRET], 客户名单（秘密） at the start or end of a line.
Shape BracketShape(const Candidate& candidate, const LevelWord& word, const Line& line);
// The word as a line, cell or segment of its own, with nothing but banner words around it.
Shape BannerShape(const Candidate& candidate, const LevelWord& word, const Line& line);
// 绝密-投标方案.docx, 方案（秘密）.pdf; property values follow the same rules: docs/QUALITY.md.
Shape NameShape(const Candidate& candidate, const LevelWord& word, const Line& line);

// True when neighbouring lines start with another level: a list or table that explains levels.
bool InListOfLevels(const Candidate& candidate, const LevelWord& word, const Line& line);

}  // namespace shoumi::rules
