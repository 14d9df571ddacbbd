#pragma once

#include <set>
#include <string>

#include "agent/decide/decide.h"

namespace shoumi::agent {

struct Outcome {
  bool held = false;
  std::string why;  // the first thing that did not hold, or what held
};

// Detectors that made it hold are added to `used`; those below a `not` are no reason.
Outcome EvaluateExpression(const v1::Expression& expression, const v1::InspectReport& report,
                           const History& history, std::set<std::string>& used);

// Where nobody can say which program copied or pastes, it may be any, and a condition that names
// programs holds, unless `unknown_is_none`.
Outcome EvaluateConditions(const v1::Conditions& conditions, const v1::EventContext& context,
                           LocalTime now, bool unknown_is_none);

}  // namespace shoumi::agent
