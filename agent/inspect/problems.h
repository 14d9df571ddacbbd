#pragma once

#include <string>

#include "google/protobuf/repeated_field.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {

// "file:line: error P102 message"; without file or line where there is none.
std::string FormatProblem(const v1::PackProblem& problem);

// One line a problem, without a last line break.
std::string FormatProblems(const google::protobuf::RepeatedPtrField<v1::PackProblem>& problems);

}  // namespace shoumi::inspect
