#pragma once

#include "CLI/App.hpp"

namespace shoumi::cli {

// A subcommand adds itself to `app` with a callback that leaves its exit status in `exit_status`,
// which outlives the app. One file a subcommand, one line in commands.cc.
using AddCommand = void (*)(CLI::App& app, int& exit_status);

void AddCommands(CLI::App& app, int& exit_status);

}  // namespace shoumi::cli
