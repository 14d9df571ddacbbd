#pragma once

#include "CLI/App.hpp"

namespace shoumi::cli {

void AddScan(CLI::App& app, int& exit_status);

}  // namespace shoumi::cli
