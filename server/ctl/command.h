#pragma once

#include <string_view>

#include "CLI/App.hpp"
#include "absl/status/status.h"
#include "server/ctl/global.h"

namespace shoumi::ctl {

// Exit statuses, as --help documents them; kBadUsage is the third.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;

// A subcommand adds itself to `app` with a callback that leaves its exit status in `exit_status`;
// both references outlive the app.
using AddCommand = void (*)(CLI::App& app, const Global& global, int& exit_status);

void AddLogin(CLI::App& app, const Global& global, int& exit_status);
void AddIncidents(CLI::App& app, const Global& global, int& exit_status);
void AddEvents(CLI::App& app, const Global& global, int& exit_status);
void AddDevices(CLI::App& app, const Global& global, int& exit_status);
void AddEnrolToken(CLI::App& app, const Global& global, int& exit_status);
void AddPolicy(CLI::App& app, const Global& global, int& exit_status);
void AddRegistry(CLI::App& app, const Global& global, int& exit_status);
void AddDocuments(CLI::App& app, const Global& global, int& exit_status);
void AddReleases(CLI::App& app, const Global& global, int& exit_status);

// One line on standard error, safe for a terminal.
void Complain(std::string_view what);
// kDone, or kFailed after a line that says what went wrong.
int ExitStatus(const absl::Status& status);
// To standard output as it is: what comes from elsewhere is escaped already.
void Out(std::string_view text);

}  // namespace shoumi::ctl
