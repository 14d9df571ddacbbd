#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shoumi/v1/inspect.pb.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::rules {

struct PolicyResult {
  bool ok = false;
  v1::Policy policy;                      // meaningful when ok
  std::vector<v1::PackProblem> problems;  // code, file, line for every problem
};

// Policy YAML → proto. `detectors` are the ids the packs define; a rule that names another is an
// error. `file` is what problems name. Never throws.
PolicyResult LoadPolicy(std::string_view file, std::string_view yaml,
                        const std::vector<std::string>& detectors);

// The checks of LoadPolicy that do not need YAML, for a policy that arrives as proto.
std::vector<v1::PackProblem> CheckPolicy(const v1::Policy& policy,
                                         const std::vector<std::string>& detectors);

}  // namespace shoumi::rules
