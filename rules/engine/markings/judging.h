#pragma once

#include <string_view>
#include <vector>

#include "rules/engine/markings/level_word.h"
#include "rules/engine/markings/marking.h"
#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/judging.h"

// For tests: what becomes of the level words of a text.
namespace shoumi::rules {

// Judgements of every level word in `text`, as one part.
inline std::vector<Judgement> JudgeMarkings(std::string_view text, v1::PartKind kind) {
  std::vector<Judgement> judged;
  for (size_t at = 0; at < text.size();) {
    const LevelWord word = ReadLevelWord(text, at);
    if (!word.found()) {
      at += CharAt(text, at).bytes;
      continue;
    }
    judged.push_back(JudgeAt("marking", text, word.from, word.to, kind));
    at = word.to;
  }
  return judged;
}

// The first accepted marking, or an empty one.
inline v1::Marking FirstMarking(std::string_view text, v1::PartKind kind = v1::PART_KIND_BODY) {
  for (const Judgement& judged : JudgeMarkings(text, kind)) {
    if (judged.accepted()) {
      return *judged.marking;
    }
  }
  return {};
}

}  // namespace shoumi::rules
