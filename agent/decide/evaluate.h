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
                           std::set<std::string>& used);

Outcome EvaluateConditions(const v1::Conditions& conditions, const v1::EventContext& context,
                           LocalTime now);

}  // namespace shoumi::agent
