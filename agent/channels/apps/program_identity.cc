#include "agent/channels/apps/program_identity.h"

#include <unistd.h>

#include <optional>
#include <utility>

namespace shoumi::agent::apps {
namespace {

constexpr int kTriesMax = 4;  // where exec(2) comes in between

struct Seen {
  ProcessFacts facts;
  std::string script;
  std::string link;
};

// All of one image, or nothing.
std::optional<Seen> Look(const Process& process, const AppCatalogue& catalogue) {
  for (int i = 0; i < kTriesMax; ++i) {
    Seen seen;
    absl::StatusOr<ProcessFacts> facts = ReadFacts(process);
    if (!facts.ok()) return std::nullopt;
    seen.facts = *std::move(facts);
    seen.link = process.Link("exe");
    if (catalogue.has_scripts()) seen.script = ScriptOf(process, seen.facts.executable);
    if (ImageOf(process) == seen.facts.image) return seen;
  }
  return std::nullopt;
}

const v1::App* FindAbove(ProcessFacts child, const AppCatalogue& catalogue) {
  const ProcessFacts lowest = child;
  for (int i = 0; i < kAncestorsMax && child.parent > 1; ++i) {
    const absl::StatusOr<Process> parent = Process::Open(child.parent);
    if (!parent.ok()) return nullptr;
    const std::optional<Seen> seen = Look(*parent, catalogue);
    // A later process may have got the parent's number when the parent ended.
    if (!seen || seen->facts.start_ticks > child.start_ticks ||
        seen->facts.cgroup != lowest.cgroup || seen->facts.uid != lowest.uid) {
      return nullptr;
    }
    if (const v1::App* app = catalogue.Find(seen->facts, seen->script)) return app;
    child = seen->facts;
  }
  return nullptr;
}

bool IsBelowSelf(ProcessFacts facts) {
  const pid_t self = ::getpid();
  for (int i = 0; i < kAncestorsMax; ++i) {
    if (facts.pid == self) return true;
    if (facts.parent == self) return true;
    if (facts.parent <= 1) return false;
    const absl::StatusOr<Process> parent = Process::Open(facts.parent);
    if (!parent.ok()) return false;
    absl::StatusOr<ProcessFacts> above = ReadFacts(*parent);
    if (!above.ok() || above->start_ticks > facts.start_ticks) return false;
    facts = *std::move(above);
  }
  return false;
}

}  // namespace

absl::StatusOr<ProgramIdentity> Identify(const Process& process, const AppCatalogue& catalogue) {
  std::optional<Seen> seen = Look(process, catalogue);
  if (!seen) return absl::NotFoundError("the process has ended");
  ProgramIdentity identity;
  identity.uid = seen->facts.uid;
  identity.image = seen->facts.image;
  identity.interpreter = IsInterpreter(seen->facts.executable);
  identity.below_self = IsBelowSelf(seen->facts);
  identity.executable_link = std::move(seen->link);
  v1::Program& program = identity.program;
  program.set_pid(process.pid());
  const std::string& executable = seen->facts.executable;
  program.set_executable(executable);
  program.set_name(executable.substr(executable.rfind('/') + 1));
  identity.app = catalogue.Find(seen->facts, seen->script);
  if (identity.app == nullptr) identity.app = FindAbove(seen->facts, catalogue);
  if (identity.app != nullptr) {
    program.set_app(identity.app->id());
    *program.mutable_app_classes() = identity.app->classes();
  }
  return identity;
}

bool IsUnchanged(const Process& process, const ProgramIdentity& identity) {
  if (!process.Lives() || process.Link("exe") != identity.executable_link) return false;
  return !identity.interpreter || ImageOf(process) == identity.image;
}

}  // namespace shoumi::agent::apps
