#include "agent/channels/clipboard/program_of.h"

#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include <string>

namespace shoumi::agent::clipboard {

v1::Program ProgramOfProcess(pid_t pid) {
  v1::Program program;
  program.set_pid(pid);
  if (pid <= 0) return program;
  char path[PATH_MAX];
  const ssize_t n = ::readlink(fmt::format("/proc/{}/exe", pid).c_str(), path, sizeof path);
  if (n <= 0) return program;
  const std::string executable(path, static_cast<size_t>(n));
  program.set_executable(executable);
  program.set_name(executable.substr(executable.rfind('/') + 1));
  return program;
}

}  // namespace shoumi::agent::clipboard
