#include "agent/inspect/sandbox/sandbox.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "common/fd.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

// Each attempt runs in a process of its own: a filter may end it.
namespace shoumi::inspect {
namespace {

struct Outcome {
  int exit_status = -1;  // -1: ended by a signal
  int signal = 0;
  std::string errors;

  [[nodiscard]] bool through() const { return exit_status == 0; }
  [[nodiscard]] bool refused() const { return exit_status == 1 || signal == SIGSYS; }
  [[nodiscard]] std::string Text() const {
    return fmt::format("exit {} signal {} {}", exit_status, signal, errors);
  }
};

Outcome Try(const std::string& stage, const std::string& attempt, const std::string& user = "") {
  int errors[2];
  EXPECT_EQ(::pipe2(errors, O_CLOEXEC), 0);
  UniqueFd read_end(errors[0]);
  UniqueFd write_end(errors[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDERR_FILENO);
  std::vector<std::string> words = {SANDBOX_PROBE, stage, attempt, user};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawn(&pid, SANDBOX_PROBE, &actions, nullptr, arguments.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  write_end.Reset();
  Outcome outcome;
  outcome.errors = ReadAll(read_end.get(), 1 << 16).value_or("unreadable");
  int how = 0;
  EXPECT_EQ(::waitpid(pid, &how, 0), pid);
  if (WIFEXITED(how)) outcome.exit_status = WEXITSTATUS(how);
  if (WIFSIGNALED(how)) outcome.signal = WTERMSIG(how);
  return outcome;
}

// Needs nothing that a process outside the sandbox could lack, so that a refusal inside is the
// sandbox's.
class WorkerSandbox : public testing::TestWithParam<const char*> {};

TEST_P(WorkerSandbox, Refuses) {
  const Outcome bare = Try("bare", GetParam());
  ASSERT_TRUE(bare.through()) << "goes through without a sandbox: " << bare.Text();
  const Outcome inside = Try("worker", GetParam());
  EXPECT_TRUE(inside.refused()) << inside.Text();
}

INSTANTIATE_TEST_SUITE_P(F6, WorkerSandbox,
                         testing::Values("open", "open-proc", "open-folder", "create",
                                         "open-for-writing", "memfd", "socket-inet", "socket-unix",
                                         "socket-netlink", "connect", "ptrace", "process_vm_readv",
                                         "process_vm_writev", "kill", "kill-parent", "pidfd",
                                         "fork", "exec", "map-executable", "make-executable",
                                         "raise-limit", "open-many"),
                         [](const auto& attempt) {
                           std::string name = attempt.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// Refused here, whatever the machine says outside.
TEST(WorkerSandboxAlways, RefusesWhatNeedsRights) {
  for (const char* attempt : {"unshare", "become-root", "link", "unlink", "io_uring"}) {
    if (std::string(attempt) == "become-root" && ::getuid() == 0) continue;
    EXPECT_TRUE(Try("worker", attempt).refused()) << attempt;
  }
}

TEST(WorkerSandboxAlways, MemoryIsBounded) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers reserve address space beyond the bound";
#endif
  EXPECT_TRUE(Try("bare", "map-beyond-limit").through());
  EXPECT_TRUE(Try("worker", "map-beyond-limit").refused());
  EXPECT_TRUE(Try("bare", "allocate-beyond-limit").through());
  EXPECT_TRUE(Try("worker", "allocate-beyond-limit").refused());
}

TEST(WorkerSandboxAlways, LetsTheWorkHappen) {
  const Outcome outcome = Try("worker", "own-work");
  EXPECT_TRUE(outcome.through()) << outcome.Text();
}

TEST(WorkerSandboxAlways, CharacterMapsStayReadable) {
  if (!std::filesystem::exists("/usr/share/poppler")) GTEST_SKIP() << "poppler-data is missing";
  const Outcome outcome = Try("worker", "read-character-maps");
  if (outcome.errors.find("landlock") != std::string::npos) GTEST_SKIP() << outcome.errors;
  EXPECT_TRUE(outcome.through()) << outcome.Text();
}

TEST(InspectorSandbox, CanForkButNotAttack) {
  EXPECT_TRUE(Try("inspector", "fork").through());
  for (const char* attempt : {"ptrace", "process_vm_readv", "exec", "unshare", "io_uring"}) {
    EXPECT_TRUE(Try("inspector", attempt).refused()) << attempt;
  }
}

TEST(InspectorSandbox, TakesTheAccountAndCannotGoBack) {
  if (::getuid() != 0) GTEST_SKIP() << "changing the account needs root";
  EXPECT_TRUE(Try("inspector", "become-root").through());  // still root: nothing to go back to
  const Outcome outcome = Try("inspector", "become-root", "nobody");
  EXPECT_EQ(outcome.exit_status, 1) << outcome.Text();
}

TEST(InspectorSandbox, AnAccountThatIsNotThereIsAnError) {
  const Outcome outcome = Try("inspector", "own-work", "no-such-account");
  EXPECT_EQ(outcome.exit_status, 3);
  EXPECT_THAT(outcome.errors, testing::HasSubstr("no account \"no-such-account\""));
}

}  // namespace
}  // namespace shoumi::inspect
