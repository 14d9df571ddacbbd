#pragma once

#include <functional>

#include "agent/cli/content.h"
#include "agent/cli/file_list.h"
#include "agent/inspect/inspector_pool.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::cli {

// Has a file read by a sandboxed worker. `take` gets its text, part by part, valid UTF-8, before
// the report is returned: what was not read stands in there.
absl::StatusOr<v1::InspectReport> ReadText(
    inspect::InspectorPool& pool, const ListedFile& file, uint32_t seconds_max,
    const std::function<void(const v1::ExtractedPiece&)>& take);

}  // namespace shoumi::cli
