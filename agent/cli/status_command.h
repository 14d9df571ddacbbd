#pragma once

#include "CLI/App.hpp"

namespace shoumi::cli {

// `shoumi status`: asks the agent of this workstation and says it to the employee.
// Exit status: 0 the agent answered, 1 it did not, 2 bad usage; with --check also 3 when something
// that is to be watched is not, or no policy is in force.
void AddStatus(CLI::App& app, int& exit_status);

}  // namespace shoumi::cli
