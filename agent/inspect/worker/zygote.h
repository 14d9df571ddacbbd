#pragma once

#include <string>

#include "absl/status/status.h"

namespace shoumi::inspect {

// Parent of the workers. Enters the first stage of the sandbox, takes the packs from `socket`,
// compiles them once, and forks a worker for each SpawnWorker, so that all share the database
// copy-on-write. Single-threaded. Returns when the other end closes; its workers end with it.
// Runs in the workers too, as RunWorker, and never returns there.
absl::Status RunZygote(int socket, const std::string& user);

}  // namespace shoumi::inspect
