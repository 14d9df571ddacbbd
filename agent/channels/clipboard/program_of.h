#pragma once

#include <sys/types.h>

#include "agent/channels/apps/app_catalogue.h"
#include "shoumi/v1/event.pb.h"

namespace shoumi::agent::clipboard {

// Executable, its name and which app of the catalogue it belongs to; the pid alone when the process
// has ended. May wait for a directory service that knows homes. Thread-safe.
v1::Program ProgramOfProcess(pid_t pid, const apps::AppCatalogue& catalogue);

}  // namespace shoumi::agent::clipboard
