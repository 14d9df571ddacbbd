#pragma once

#include "rules/engine/validator.h"

namespace shoumi::rules {

// Classification markings, GB/T 9704-2012, 7.2.2 (level, star, term at the top left of the first
// page) and the forms companies use: labels, brackets, banner lines, file names, properties.
// Accepts where a document marks itself; a word in a sentence, a heading or a list of levels is
// kProse.
Judgement ValidateMarking(const Candidate& candidate);

}  // namespace shoumi::rules
