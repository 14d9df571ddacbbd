#pragma once

#include <string>
#include <vector>

#include "rules/engine/pack.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::rules {

// Stages "read" and "collect and check": the detectors of all packs, in order, and every problem.
// Expressions are not yet tried (see compile.h). When a problem is an error the detectors are not
// to be used. Problems name the file "<pack name>/pack.yaml". Never throws.
std::vector<Detector> LoadPacks(const std::vector<v1::Pack>& packs,
                                std::vector<v1::PackProblem>& problems);

// True when one of the problems is an error.
bool HasPackError(const std::vector<v1::PackProblem>& problems);

}  // namespace shoumi::rules
