#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "agent/channels/apps/app_catalogue.h"
#include "agent/channels/apps/process_facts.h"
#include "shoumi/v1/event.pb.h"
#include "shoumi/v1/policy.pb.h"

// Which program of the catalogue a process belongs to. Shared by the channels that judge by
// program.
namespace shoumi::agent::apps {

// Processes above one that is no app itself; above them nothing is looked for.
inline constexpr int kAncestorsMax = 16;

struct ProgramIdentity {
  v1::Program program;  // of the process that asked; app and classes may be those of its parent
  uid_t uid = 0;
  uint64_t image = 0;            // of the process: another after each exec(2)
  std::string executable_link;   // as /proc/PID/exe says it
  const v1::App* app = nullptr;  // of the catalogue that was asked; null: none
  bool interpreter = false;      // its script counts: exec(2) may leave executable_link as it was
  bool below_self = false;       // this very process, or one that it started
  // For those below it.
  int distance = 0;  // to the process that is `app` itself
  std::string cgroup;
  uint64_t start_ticks = 0;
};

// The identity of a parent, or nothing when it has ended. Lets those who keep identities look at
// each process once.
using ParentIdentity = std::function<std::optional<ProgramIdentity>(pid_t parent)>;

// The identity of `process`, which stays true until it ends or calls exec(2). A process that is no
// app counts with its nearest ancestor that is one and shares its cgroup and user: helpers of a
// program are the program. Fails when the process has ended. May wait where the process runs
// scripts (see ScriptOf()), or where an app's pattern names homes. Thread-safe.
absl::StatusOr<ProgramIdentity> Identify(const Process& process, const AppCatalogue& catalogue);
// The same; `parent` is asked for what lies above.
absl::StatusOr<ProgramIdentity> Identify(const Process& process, const AppCatalogue& catalogue,
                                         const ParentIdentity& parent);

// True while the process runs what it ran when `identity` was taken. Never waits.
[[nodiscard]] bool IsUnchanged(const Process& process, const ProgramIdentity& identity);

}  // namespace shoumi::agent::apps
