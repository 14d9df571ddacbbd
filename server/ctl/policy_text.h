#pragma once

#include <string>

#include "google/protobuf/repeated_field.h"
#include "shoumi/v1/operator_service.pb.h"

namespace shoumi::ctl {

// "file:line: error Y112: text", a line each.
std::string ProblemLines(const google::protobuf::RepeatedPtrField<v1::PackProblem>& problems,
                         bool colour);

// The policy in force, its rules in order.
std::string PolicyText(const v1::GetPolicyResponse& answer, bool colour);

}  // namespace shoumi::ctl
