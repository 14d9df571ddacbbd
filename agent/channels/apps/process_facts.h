#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fd.h"

// What the kernel says of a process. Nothing here waits for a file system: links and tables of
// /proc only. The exception is said.
namespace shoumi::agent::apps {

// A process that cannot be mistaken for a later one with its number. Movable, not thread-safe.
class Process {
 public:
  // NotFound when there is none.
  static absl::StatusOr<Process> Open(pid_t pid);

  [[nodiscard]] pid_t pid() const { return pid_; }
  // False once it has ended and was waited for. While true, what was read of it was its own.
  [[nodiscard]] bool Lives() const;
  // Its /proc folder, O_PATH.
  [[nodiscard]] int folder() const { return folder_.get(); }
  // The target of a link in its folder ("exe"); empty when there is none.
  [[nodiscard]] std::string Link(const char* name) const;
  // A table of its folder, at most `bytes_max`; empty when it cannot be read.
  [[nodiscard]] std::string Table(const char* name, size_t bytes_max) const;

 private:
  Process(pid_t pid, UniqueFd handle, UniqueFd folder);

  pid_t pid_;
  UniqueFd handle_;  // pidfd
  UniqueFd folder_;
};

struct ProcessFacts {
  pid_t pid = 0;
  pid_t parent = 0;
  uid_t uid = 0;
  uint64_t start_ticks = 0;  // since boot, proc_pid_stat(5)
  uint64_t image = 0;        // another after each exec(2)
  std::string executable;    // without " (deleted)"; empty for a thread of the kernel
  std::string cgroup;        // of the unified hierarchy, else of systemd's
  std::string flatpak;       // application id, or empty
  std::string snap;          // name, or empty
};

// Fails when the process ends meanwhile or has no readable state.
absl::StatusOr<ProcessFacts> ReadFacts(const Process& process);

// The `image` alone; 0 when the process has ended.
[[nodiscard]] uint64_t ImageOf(const Process& process);

// Whether the program runs others: its script says what it is.
[[nodiscard]] bool IsInterpreter(std::string_view executable);

// The script that an interpreter was given, absolute and without "." and ".."; empty when there is
// none. Reads the memory of the process, which may keep the reader waiting: only for threads that
// nobody waits for.
std::string ScriptOf(const Process& process, std::string_view executable);

// Parts of it, for tests.
std::string CgroupOf(std::string_view table);
std::string FlatpakOfCgroup(std::string_view cgroup);
std::string FlatpakOfMounts(std::string_view table);
std::string SnapOf(std::string_view executable, std::string_view cgroup);
std::string ScriptOfArguments(std::string_view executable,
                              const std::vector<std::string>& arguments, const std::string& folder);

}  // namespace shoumi::agent::apps
