#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// What a process that parses untrusted bytes gives up, in two stages that add up: the parent of the
// workers enters the first, each worker the second. Both are one-way and must be entered while the
// process has a single thread.
//
// seccomp is required: without it both stages fail. Every other layer that the kernel lacks is
// reported as not active.
namespace shoumi::inspect {

struct SandboxLayer {
  std::string name;
  bool active = false;
  std::string detail;  // version or bound; why, when not active
};
using SandboxLayers = std::vector<SandboxLayer>;

struct SandboxOptions {
  // Folders that stay readable where Landlock holds everything else back; one that does not exist
  // is left out. Without Landlock a worker opens nothing at all.
  std::vector<std::string> readable;
  // Private memory that can be written, what the parent had at the fork included.
  uint64_t memory_bytes_max = 384ULL << 20;
  // On top of it: programs, libraries, content, registries.
  uint64_t mapped_files_bytes_max = 640ULL << 20;
  uint32_t cpu_seconds_max = 600;
  uint32_t open_files_max = 32;
};

// First stage: takes the uid and groups of account `user` (empty: stays), drops all capabilities,
// no_new_privs, not dumpable, no core files, Landlock, and a filter that ends the process on system
// calls that only serve an attacker. The process can still fork. NotFound when there is no `user`.
absl::StatusOr<SandboxLayers> EnterInspectorSandbox(const std::string& user,
                                                    const SandboxOptions& options);

// Second stage: an allow-list of system calls (no open for writing, sockets, processes, signals to
// others, executable memory), Landlock once more so that workers are apart from each other,
// resource limits, and death with the parent.
absl::StatusOr<SandboxLayers> EnterWorkerSandbox(const SandboxOptions& options);

}  // namespace shoumi::inspect
