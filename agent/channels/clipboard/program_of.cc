#include "agent/channels/clipboard/program_of.h"

#include <utility>

#include "agent/channels/apps/process_facts.h"
#include "agent/channels/apps/program_identity.h"

namespace shoumi::agent::clipboard {

v1::Program ProgramOfProcess(pid_t pid, const apps::AppCatalogue& catalogue) {
  v1::Program program;
  program.set_pid(pid);
  if (pid <= 0) return program;
  const auto process = apps::Process::Open(pid);
  if (!process.ok()) return program;
  auto identity = apps::Identify(*process, catalogue);
  return identity.ok() ? std::move(identity->program) : program;
}

}  // namespace shoumi::agent::clipboard
