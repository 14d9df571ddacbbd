#pragma once

#include "CLI/App.hpp"

namespace shoumi::cli {

void AddRequest(CLI::App& app, int& exit_status);

}  // namespace shoumi::cli
