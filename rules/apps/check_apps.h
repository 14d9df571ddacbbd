#pragma once

#include <map>
#include <string>

#include "rules/policy/problems.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::rules {

// What earlier apps of the same catalogue already said, with where.
struct AppsSeen {
  std::map<std::string, std::string> ids;
  std::map<std::string, std::string> ways;  // list and pattern by which a program is known
};

// One app, whatever it was written in. `path` is its place.
void CheckApp(const v1::App& app, const std::string& path, AppsSeen& seen, Problems& problems);

}  // namespace shoumi::rules
