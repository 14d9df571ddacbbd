#include "server/ctl/shoumi_output.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "common/fd.h"
#include "common/installation.h"

namespace shoumi::ctl {
namespace {

absl::StatusOr<pid_t> Launch(const std::vector<std::string>& arguments, int out) {
  std::vector<std::string> words = {CommandLineProgram()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, words[0].c_str(), &actions, nullptr, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return ErrnoStatus(error, words[0]);
  return pid;
}

absl::Status ReadAll(int from, const std::function<absl::Status(std::string_view)>& take) {
  std::string piece(1 << 16, '\0');
  for (;;) {
    const ssize_t got = ::read(from, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "shoumi");
    if (got == 0) return absl::OkStatus();
    auto status = take(std::string_view(piece).substr(0, static_cast<size_t>(got)));
    if (!status.ok()) return status;
  }
}

}  // namespace

absl::StatusOr<int> RunShoumi(const std::vector<std::string>& arguments,
                              const std::function<absl::Status(std::string_view)>& take) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe");
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  const auto pid = Launch(arguments, to.get());
  to.Reset();  // or the end would never be seen
  if (!pid.ok()) return pid.status();
  const absl::Status status = ReadAll(from.get(), take);
  if (!status.ok()) ::kill(*pid, SIGKILL);
  int ended = 0;
  while (::waitpid(*pid, &ended, 0) < 0 && errno == EINTR) {
  }
  if (!status.ok()) return status;
  return WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
}

}  // namespace shoumi::ctl
