#include "agent/inspect/sandbox/sandbox.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "agent/inspect/sandbox/landlock.h"
#include "agent/inspect/sandbox/privileges.h"
#include "agent/inspect/sandbox/syscall_filter.h"
#include "common/fd.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// Sanitizers reserve terabytes of address space for their shadow.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kAddressSpaceBounded = false;
#else
constexpr bool kAddressSpaceBounded = true;
#endif

absl::Status Limit(__rlimit_resource resource, uint64_t value, std::string_view what) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) return ErrnoStatus(errno, what);
  if (now.rlim_max < value) value = now.rlim_max;
  const rlimit limit{value, value};
  return ::setrlimit(resource, &limit) == 0 ? absl::OkStatus() : ErrnoStatus(errno, what);
}

absl::Status SetPrctl(int option, unsigned long value, std::string_view what) {
  return ::prctl(option, value, 0, 0, 0) == 0 ? absl::OkStatus() : ErrnoStatus(errno, what);
}

absl::Status DieWithParent() {
  const pid_t parent = ::getppid();
  if (auto status = SetPrctl(PR_SET_PDEATHSIG, SIGKILL, "PR_SET_PDEATHSIG"); !status.ok()) {
    return status;
  }
  // The parent may have died before the line above.
  return ::getppid() == parent ? absl::OkStatus() : absl::AbortedError("parent is gone");
}

absl::StatusOr<SandboxLayers> LimitResources(const SandboxOptions& options) {
  SandboxLayers layers;
  const struct {
    const char* name;
    uint64_t value;
    __rlimit_resource resource;
    bool applies;
  } kLimits[] = {
      {"memory", options.memory_bytes_max, RLIMIT_DATA, kAddressSpaceBounded},
      {"address_space", options.memory_bytes_max + options.mapped_files_bytes_max, RLIMIT_AS,
       kAddressSpaceBounded},
      {"cpu_seconds", options.cpu_seconds_max, RLIMIT_CPU, true},
      {"open_files", options.open_files_max, RLIMIT_NOFILE, true},
      {"file_size", 0, RLIMIT_FSIZE, true},
      {"core_size", 0, RLIMIT_CORE, true},
      {"processes", 0, RLIMIT_NPROC, true},
  };
  for (const auto& limit : kLimits) {
    if (!limit.applies) {
      layers.push_back({limit.name, false, "built with a sanitizer"});
      continue;
    }
    if (auto status = Limit(limit.resource, limit.value, limit.name); !status.ok()) return status;
    layers.push_back({limit.name, true, fmt::format("{}", limit.value)});
  }
  return layers;
}

}  // namespace

absl::StatusOr<SandboxLayers> EnterInspectorSandbox(const std::string& user,
                                                    const SandboxOptions& options) {
  SandboxLayers layers;
  if (auto status = BecomeUser(user); !status.ok()) return status;
  layers.push_back(user.empty() ? SandboxLayer{"user", false, "runs as the caller"}
                                : SandboxLayer{"user", true, user});
  if (auto status = DropCapabilities(); !status.ok()) return status;
  layers.push_back({"no_capabilities", true, ""});
  if (auto status = SetPrctl(PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS"); !status.ok()) {
    return status;
  }
  layers.push_back({"no_new_privs", true, ""});
  if (auto status = SetPrctl(PR_SET_DUMPABLE, 0, "PR_SET_DUMPABLE"); !status.ok()) return status;
  if (auto status = Limit(RLIMIT_CORE, 0, "core_size"); !status.ok()) return status;
  layers.push_back({"not_dumpable", true, ""});
  auto landlock = RestrictWithLandlock(options.readable);
  if (!landlock.ok()) return landlock.status();
  layers.push_back(*std::move(landlock));
  if (auto status = LoadInspectorFilter(); !status.ok()) return status;
  layers.push_back({"seccomp", true, ""});
  return layers;
}

absl::StatusOr<SandboxLayers> EnterWorkerSandbox(const SandboxOptions& options) {
  if (auto status = DieWithParent(); !status.ok()) return status;
  if (auto status = SetPrctl(PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS"); !status.ok()) {
    return status;
  }
  if (auto status = SetPrctl(PR_SET_DUMPABLE, 0, "PR_SET_DUMPABLE"); !status.ok()) return status;
  auto landlock = RestrictWithLandlock(options.readable);
  if (!landlock.ok()) return landlock.status();
  auto layers = LimitResources(options);
  if (!layers.ok()) return layers.status();
  const bool may_open = landlock->active;
  layers->push_back(*std::move(landlock));
  if (auto status = LoadWorkerFilter(may_open); !status.ok()) return status;
  layers->push_back({"seccomp_allow_list", true, may_open ? "" : "no file can be opened"});
  return layers;
}

}  // namespace shoumi::inspect
