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

absl::StatusOr<ProgramIdentity> IdentifyUpTo(int levels, const Process& process,
                                             const AppCatalogue& catalogue) {
  return Identify(process, catalogue, [&](pid_t parent) -> std::optional<ProgramIdentity> {
    if (levels == 0) return std::nullopt;
    const absl::StatusOr<Process> above = Process::Open(parent);
    if (!above.ok()) return std::nullopt;
    absl::StatusOr<ProgramIdentity> identity = IdentifyUpTo(levels - 1, *above, catalogue);
    if (!identity.ok()) return std::nullopt;
    return *std::move(identity);
  });
}

}  // namespace

absl::StatusOr<ProgramIdentity> Identify(const Process& process, const AppCatalogue& catalogue) {
  return IdentifyUpTo(kAncestorsMax, process, catalogue);
}

absl::StatusOr<ProgramIdentity> Identify(const Process& process, const AppCatalogue& catalogue,
                                         const ParentIdentity& parent) {
  std::optional<Seen> seen = Look(process, catalogue);
  if (!seen) return absl::NotFoundError("the process has ended");
  const ProcessFacts& facts = seen->facts;
  ProgramIdentity identity;
  identity.uid = facts.uid;
  identity.image = facts.image;
  identity.cgroup = facts.cgroup;
  identity.start_ticks = facts.start_ticks;
  identity.interpreter = IsInterpreter(facts.executable);
  identity.executable_link = std::move(seen->link);
  identity.app = catalogue.Find(facts, seen->script);
  const pid_t self = ::getpid();
  identity.below_self = facts.pid == self || facts.parent == self;
  if (identity.app == nullptr && !identity.below_self && facts.parent > 1) {
    const std::optional<ProgramIdentity> above = parent(facts.parent);
    // A later process may have got the parent's number when the parent ended.
    if (above && above->start_ticks <= facts.start_ticks) {
      identity.below_self = above->below_self;
      if (above->cgroup == facts.cgroup && above->uid == facts.uid &&
          above->distance < kAncestorsMax) {
        identity.app = above->app;
        identity.distance = above->distance + 1;
      }
    }
  }
  v1::Program& program = identity.program;
  program.set_pid(process.pid());
  program.set_executable(facts.executable);
  program.set_name(facts.executable.substr(facts.executable.rfind('/') + 1));
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
