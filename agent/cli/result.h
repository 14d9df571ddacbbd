#pragma once

#include <optional>
#include <string>

#include "nlohmann/json_fwd.hpp"
#include "shoumi/v1/inspect.pb.h"
#include "shoumi/v1/verdict.pb.h"

namespace shoumi::cli {

struct FileResult {
  std::string path;
  bool in_folder = false;
  v1::InspectReport report;
  std::optional<v1::Verdict> verdict;
};

enum class Status { kClean, kMatch, kUnscanned };

// A marking whose term is over is no finding, only `declassified`.
[[nodiscard]] bool InForce(const v1::Finding& finding);
[[nodiscard]] Status StatusOf(const v1::InspectReport& report);
// Name of the reason why something was not inspected; the first that says more than "partial".
// Empty when all was.
[[nodiscard]] std::string ReasonOf(const v1::InspectReport& report);

// The object documented for `shoumi scan --json`; `explain` adds "rejected", "unscanned" and the
// trace of the verdict.
nlohmann::ordered_json ToJson(const FileResult& result, bool explain);

}  // namespace shoumi::cli
