// What a worker that has been taken over could try. usage: sandbox_probe bare|inspector|worker TRY
// Exit status: 0 the attempt went through, 1 it was refused (the errno is printed), 2 no such
// attempt, 3 the sandbox could not be entered. A filter may also end the process by SIGSYS.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <map>
#include <string_view>

#include "agent/inspect/sandbox/sandbox.h"
#include "fmt/format.h"

namespace {

// A process of the same user that sleeps until its end of a pipe closes.
pid_t victim = -1;

pid_t StartVictim() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  const pid_t pid = ::fork();
  if (pid != 0) {
    ::close(ends[0]);
    return pid;
  }
  ::close(ends[1]);
  char byte;
  while (::read(ends[0], &byte, 1) < 0) {
  }
  ::_exit(0);
}

// Each returns what the call returned: below zero is refused.
long Open(const char* path, int flags) {
  return ::open(path, flags, 0600);
}

long Socket(int family, int type) {
  return ::socket(family, type, 0);
}

long Connect() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return -1;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Nobody listens there; to be turned away by the peer is to have got through.
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  return result == 0 || errno == ECONNREFUSED ? 0 : -1;
}

long Fork() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  if (pid > 0) ::waitpid(pid, nullptr, 0);
  return pid;
}

long Execute() {
  char name[] = "true";
  char* arguments[] = {name, nullptr};
  char* environment[] = {nullptr};
  return ::execve("/bin/true", arguments, environment);  // exits 0 when it goes through
}

long ReadVictim() {
  char mine[16];
  iovec local{mine, sizeof mine};
  iovec remote{mine, sizeof mine};  // same address, fork copied it
  return ::process_vm_readv(victim, &local, 1, &remote, 1, 0);
}

long WriteVictim() {
  char mine[16] = {};
  iovec local{mine, sizeof mine};
  iovec remote{mine, sizeof mine};
  return ::process_vm_writev(victim, &local, 1, &remote, 1, 0);
}

long Map(size_t bytes, int protection) {
  void* memory =
      ::mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? -1 : 0;
}

long MakeExecutable() {
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? -1 : ::mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}

long RaiseLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit);
}

long OpenMany() {
  for (int i = 0; i < 40; ++i) {
    if (::dup(STDOUT_FILENO) < 0) return -1;
  }
  return 0;
}

long Signal() {
  return ::kill(victim, SIGCONT);
}

long PidfdSignal() {
  const long fd = ::syscall(SYS_pidfd_open, victim, 0);
  return fd < 0 ? -1 : ::syscall(SYS_pidfd_send_signal, fd, SIGCONT, nullptr, 0);
}

const std::map<std::string_view, std::function<long()>> kAttempts = {
    {"open", [] { return Open("/etc/passwd", O_RDONLY); }},
    {"open-proc", [] { return Open("/proc/self/maps", O_RDONLY); }},
    {"open-folder", [] { return Open("/", O_RDONLY | O_DIRECTORY); }},
    {"create", [] { return Open("/tmp", O_WRONLY | O_TMPFILE); }},
    {"open-for-writing", [] { return Open("/dev/null", O_WRONLY); }},
    {"read-character-maps", [] { return Open("/usr/share/poppler", O_RDONLY | O_DIRECTORY); }},
    {"memfd", [] { return long{::memfd_create("probe", 0)}; }},
    {"socket-inet", [] { return Socket(AF_INET, SOCK_STREAM); }},
    {"socket-unix", [] { return Socket(AF_UNIX, SOCK_STREAM); }},
    {"socket-netlink", [] { return Socket(AF_NETLINK, SOCK_RAW); }},
    {"connect", Connect},
    {"ptrace", [] { return ::ptrace(PTRACE_SEIZE, victim, nullptr, nullptr); }},
    {"process_vm_readv", ReadVictim},
    {"process_vm_writev", WriteVictim},
    {"kill", Signal},
    {"kill-parent", [] { return long{::kill(::getppid(), SIGCONT)}; }},
    {"pidfd", PidfdSignal},
    {"fork", Fork},
    {"exec", Execute},
    {"unshare", [] { return long{::unshare(CLONE_NEWNS)}; }},
    {"map-beyond-limit", [] { return Map(2ULL << 30, PROT_READ); }},
    {"allocate-beyond-limit", [] { return Map(512ULL << 20, PROT_READ | PROT_WRITE); }},
    {"map-executable", [] { return Map(4096, PROT_READ | PROT_EXEC); }},
    {"make-executable", MakeExecutable},
    {"raise-limit", RaiseLimit},
    {"open-many", OpenMany},
    {"become-root", [] { return long{::setuid(0)}; }},
    {"link", [] { return long{::symlink("/etc/passwd", "/tmp/shoumi-sandbox-link")}; }},
    {"unlink", [] { return long{::unlink("/tmp/shoumi-sandbox-nothing-there")}; }},
    {"io_uring",
     [] {
       char parameters[256] = {};
       return ::syscall(SYS_io_uring_setup, 1, parameters);
     }},
    {"own-work",
     [] {
       // What parsing does: memory, time, its own descriptors.
       timespec now{};
       struct stat status {};
       return Map(64U << 20, PROT_READ | PROT_WRITE) < 0 ||
                      ::clock_gettime(CLOCK_REALTIME, &now) < 0 ||
                      ::fstat(STDOUT_FILENO, &status) < 0
                  ? -1L
                  : 0L;
     }},
};

bool Enter(std::string_view stage, const char* user) {
  const shoumi::inspect::SandboxOptions options{{"/usr/share/poppler"}};
  if (stage == "bare") return true;
  if (const auto first = shoumi::inspect::EnterInspectorSandbox(user, options); !first.ok()) {
    fmt::print(stderr, "{}\n", first.status().ToString());
    return false;
  }
  if (stage == "inspector") return true;
  const auto second = shoumi::inspect::EnterWorkerSandbox(options);
  if (!second.ok()) {
    fmt::print(stderr, "{}\n", second.status().ToString());
    return false;
  }
  for (const auto& layer : *second) {
    if (!layer.active) fmt::print(stderr, "inactive: {}: {}\n", layer.name, layer.detail);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto attempt = kAttempts.find(argv[2]);
  if (attempt == kAttempts.end()) return 2;
  victim = StartVictim();
  if (victim < 0 || !Enter(argv[1], argc > 3 ? argv[3] : "")) return 3;
  errno = 0;
  const long result = attempt->second();
  if (result >= 0) return 0;
  fmt::print("{}\n", errno);
  return 1;
}
