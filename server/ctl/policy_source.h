#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "shoumi/v1/operator_service.pb.h"

namespace shoumi::ctl {

// The policy and, where `packs` names a folder, its packs.
absl::StatusOr<v1::PolicySource> ReadPolicySource(const std::string& file,
                                                  const std::string& packs);

// What the server would answer, by the same code. Needs packs.
v1::CheckPolicyResponse CheckHere(const v1::PolicySource& source);

}  // namespace shoumi::ctl
