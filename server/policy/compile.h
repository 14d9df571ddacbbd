#pragma once

#include "server/policy/publisher.h"

namespace shoumi::server {

// The packs through the rules engine, then the policy against the detectors they define.
CompiledPolicy CompilePolicy(const PolicyFiles& files);

}  // namespace shoumi::server
