// Stands in for shoumi-inspect in tests of the pool: speaks the protocol and misbehaves as the name
// of its first pack says. The name of the content inspected can ask for more.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "agent/inspect/wire/frame.h"
#include "shoumi/v1/inspect.pb.h"

namespace {

using namespace std::string_view_literals;
using shoumi::UniqueFd;
namespace v1 = shoumi::v1;
namespace inspect = shoumi::inspect;

void SendRaw(int socket, std::string_view bytes) {
  if (!inspect::SendSome(socket, bytes, {}).ok()) ::_exit(3);
}

v1::InspectReport Answer(const v1::InspectRequest& request, const std::string& mode) {
  v1::InspectReport report;
  report.set_id(mode == "wrong-id" ? request.id() + 1 : request.id());
  report.set_level(v1::LEVEL_NONE);
  report.set_media_type(std::to_string(::getpid()));
  v1::Finding* finding = report.add_findings();
  finding->set_rule(mode == "unknown-rule" ? "cn.invented" : "test.rule");
  finding->set_count(1);
  finding->set_confidence(mode == "wrong-confidence" ? 101 : 50);
  if (mode == "wrong-level") finding->set_level(static_cast<v1::Level>(77));
  if (mode == "too-many-matches") {
    for (int i = 0; i < 2000; ++i) finding->add_matches()->set_kind(v1::PART_KIND_BODY);
  }
  if (mode == "oversized") finding->add_matches()->set_masked(std::string(5 << 20, 'x'));
  report.set_retire(mode == "retire");
  return report;
}

[[noreturn]] void Work(int socket, const std::string& pack) {
  v1::WorkerHello hello;
  if (pack == "no-sandbox") hello.set_error("seccomp: load: Function not implemented");
  if (!inspect::SendFrame(socket, hello).ok()) ::_exit(3);
  if (pack == "talks-unasked") SendRaw(socket, "\x02\0\0\0\x08\x01"sv);
  for (;;) {
    v1::InspectRequest request;
    if (!inspect::ReceiveFrame(socket, inspect::kRequestBytesMax, request).ok()) ::_exit(0);
    const std::string mode = pack == "by-name" ? request.name() : pack;
    if (mode == "hang") {
      for (;;) ::pause();
    }
    if (mode == "crash") {
      std::signal(SIGSEGV, SIG_DFL);
      ::raise(SIGSEGV);
    }
    if (mode == "kill-parent") ::kill(::getppid(), SIGKILL);
    if (mode == "garbage") {
      SendRaw(socket, "\x05\0\0\0\xff\xff\xff\xff\xff"sv);
      continue;
    }
    if (mode == "half") {
      SendRaw(socket, "\x40\0\0\0half"sv);
      ::_exit(0);
    }
    if (!inspect::SendFrame(socket, Answer(request, mode)).ok()) ::_exit(3);
  }
}

void Spawn(int control, const std::string& pack) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) ::_exit(3);
  UniqueFd theirs(ends[0]);
  UniqueFd own(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(control);
    theirs.Reset();
    Work(own.get(), pack);
  }
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  v1::SpawnedWorker answer;
  answer.set_pid(pid);
  const int fds[] = {theirs.get(), process.get()};
  if (!inspect::SendFrame(control, answer, fds).ok()) ::_exit(3);
}

}  // namespace

int main() {
  constexpr int kControl = inspect::kInspectorSocket;
  v1::InspectorConfig config;
  if (!inspect::ReceiveFrame(kControl, inspect::kConfigBytesMax, config).ok()) return 3;
  const std::string pack = config.packs_size() == 0 ? "" : config.packs(0).name();
  if (pack == "never-ready") {
    for (;;) ::pause();
  }
  v1::InspectorReady ready;
  ready.set_ok(pack != "broken");
  ready.add_detectors("test.rule");
  if (pack == "broken") {
    v1::PackProblem* problem = ready.add_problems();
    problem->set_severity(v1::PackProblem::SEVERITY_ERROR);
    problem->set_code("P999");
    problem->set_file("packs/broken/pack.yaml");
    problem->set_line(7);
    problem->set_message("does not hold together");
  }
  if (!inspect::SendFrame(kControl, ready).ok()) return 3;
  std::signal(SIGCHLD, SIG_IGN);
  for (;;) {
    v1::InspectorControl control;
    if (!inspect::ReceiveFrame(kControl, inspect::kControlBytesMax, control).ok()) return 0;
    Spawn(kControl, pack);
  }
}
