#pragma once

#include "shoumi/v1/finding.pb.h"
#include "shoumi/v1/state.pb.h"

// Words of the contract in the reader's language.
namespace shoumi {

// Empty where a document has no level.
const char* LevelText(v1::Level level);
const char* ReasonText(v1::UnscannedReason reason);
const char* CoverageText(v1::Coverage coverage);

}  // namespace shoumi
