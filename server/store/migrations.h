#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace soci {
class session;
}

namespace shoumi::server {

// One file of migrations/, embedded at build time. Versions are 1, 2, 3, … without gaps.
struct Migration {
  int version;
  std::string_view file;
  std::string_view sql;  // statements end in ";" at the end of a line; "--" comments on own lines
};
const std::vector<Migration>& Migrations();

// Brings the schema to the last of `migrations`, each in a transaction of its own. A schema that is
// newer than that is FailedPrecondition and stays untouched. May throw soci::soci_error.
absl::Status Migrate(soci::session& sql, const std::vector<Migration>& migrations);

}  // namespace shoumi::server
