#pragma once

#include <sys/types.h>

#include "shoumi/v1/event.pb.h"

namespace shoumi::agent::clipboard {

// By /proc: executable and its name, empty when the process has ended. Thread-safe.
v1::Program ProgramOfProcess(pid_t pid);

}  // namespace shoumi::agent::clipboard
