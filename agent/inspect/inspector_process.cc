#include "agent/inspect/inspector_process.h"

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "agent/inspect/wire/frame.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"

namespace shoumi::inspect {
namespace {

using std::chrono::steady_clock;

// How often a blocking start looks whether it is still wanted.
constexpr std::chrono::milliseconds kStopPoll{100};

struct SpawnPlan {
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

// Own process group: an interrupt typed at the terminal is for the caller to handle.
absl::StatusOr<pid_t> Launch(const std::string& program, const std::string& user, int socket) {
  SpawnPlan plan;
  posix_spawn_file_actions_adddup2(&plan.actions, socket, kInspectorSocket);
  posix_spawn_file_actions_addclosefrom_np(&plan.actions, kInspectorSocket + 1);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&plan.attributes, &none);
  posix_spawnattr_setsigdefault(&plan.attributes, &all);
  posix_spawnattr_setpgroup(&plan.attributes, 0);
  posix_spawnattr_setflags(&plan.attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<std::string> words = {program};
  if (!user.empty()) words.insert(words.end(), {"--user", user});
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::string locale = "LC_ALL=C.UTF-8";
  char* environment[] = {locale.data(), nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), &plan.actions, &plan.attributes,
                                  arguments.data(), environment);
  if (error != 0) return ErrnoStatus(error, program);
  return pid;
}

// ReceiveFrame that also ends when `stop` is set.
absl::Status ReceiveUnlessStopped(int socket, v1::InspectorReady& ready,
                                  steady_clock::time_point deadline,
                                  const std::atomic<bool>& stop) {
  for (;;) {
    if (stop.load()) return absl::CancelledError("stopped");
    const auto now = steady_clock::now();
    if (now >= deadline) return absl::DeadlineExceededError("packs are not compiled in time");
    char first = 0;
    const ssize_t there = ::recv(socket, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (there >= 0) return ReceiveFrame(socket, kReadyBytesMax, ready, nullptr, deadline);
    if (errno != EAGAIN && errno != EINTR) return ErrnoStatus(errno, "recv");
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
    if (auto status = WaitReadable(socket, std::min(left, kStopPoll)); !status.ok()) return status;
  }
}

}  // namespace

void KillProcess(int process) {
  ::syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0);
}

absl::StatusOr<std::shared_ptr<InspectorProcess>> InspectorProcess::Start(
    const Options& options, const InspectorRules& rules, const std::atomic<bool>& stop) {
  const auto deadline = steady_clock::now() + options.start_ms_max;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus(errno, "socketpair");
  }
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const auto pid = Launch(options.program, options.user, theirs.get());
  theirs.Reset();  // or its end would never be seen
  if (!pid.ok()) return pid.status();
  std::shared_ptr<InspectorProcess> process(new InspectorProcess(*pid, std::move(ours)));
  v1::InspectorConfig config;
  std::vector<int> indexes;
  for (const v1::Pack& pack : rules.packs) *config.add_packs() = pack;
  for (const RegistryFile& file : rules.registries) {
    *config.add_registries() = file.head;
    indexes.push_back(file.index->get());
  }
  for (const CollectionFile& file : rules.collections) {
    *config.add_collections() = file.head;
    indexes.push_back(file.index->get());
  }
  *config.mutable_limits() = options.limits;
  config.set_value_key(rules.value_key);
  if (auto status = SendFrame(process->socket(), config, indexes, deadline); !status.ok()) {
    return status;
  }
  auto status = ReceiveUnlessStopped(process->socket(), process->ready_, deadline, stop);
  if (!status.ok()) {
    return absl::Status(status.code(), fmt::format("{} did not get ready: {}", options.program,
                                                   std::string(status.message())));
  }
  const auto& detectors = process->ready_.detectors();
  process->detectors_.insert(detectors.begin(), detectors.end());
  return process;
}

std::string InspectorProcess::ProblemLines() const {
  std::string lines;
  for (const v1::PackProblem& problem : ready_.problems()) {
    if (!lines.empty()) lines += '\n';
    lines += rules::FormatProblem(problem);
  }
  return lines;
}

InspectorProcess::~InspectorProcess() {
  // Not reaped yet, so the pid is still this child's. It has nothing to save.
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

absl::StatusOr<WorkerEnds> InspectorProcess::SpawnFirstWorker(steady_clock::time_point deadline) {
  v1::InspectorControl control;
  control.mutable_spawn();
  if (auto status = SendFrame(socket(), control, {}, deadline); !status.ok()) return status;
  v1::SpawnedWorker spawned;
  std::vector<UniqueFd> fds;
  if (auto status = ReceiveFrame(socket(), kControlBytesMax, spawned, &fds, deadline);
      !status.ok()) {
    return status;
  }
  if (!spawned.error().empty()) return absl::InternalError(spawned.error());
  if (fds.size() != 2) return absl::DataLossError("worker without its descriptors");
  WorkerEnds ends{spawned.pid(), std::move(fds[0]), std::move(fds[1])};
  v1::WorkerHello hello;
  auto status = ReceiveFrame(ends.socket.get(), kControlBytesMax, hello, nullptr, deadline);
  if (status.ok() && !hello.error().empty()) status = absl::InternalError(hello.error());
  if (!status.ok()) {
    KillProcess(ends.process.get());
    return absl::Status(status.code(),
                        fmt::format("worker did not start: {}", std::string(status.message())));
  }
  ready_.mutable_layers()->MergeFrom(hello.layers());
  return ends;
}

}  // namespace shoumi::inspect
