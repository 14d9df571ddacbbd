#include "agent/session/x11/testing/x_server.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

extern char** environ;

namespace shoumi::session::testing {
namespace {

constexpr std::chrono::seconds kWaitMax{20};

struct Pipe {
  UniqueFd read, write;
};

Pipe MakePipe() {
  int fds[2] = {-1, -1};
  if (::pipe2(fds, O_CLOEXEC) != 0) return {};
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

pid_t Spawn(const std::vector<std::string>& command, int in, int out, int extra) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (in >= 0) ::posix_spawn_file_actions_adddup2(&actions, in, 0);
  if (in < 0) ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (out >= 0) ::posix_spawn_file_actions_adddup2(&actions, out, 1);
  if (out < 0) ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  if (extra >= 0) ::posix_spawn_file_actions_adddup2(&actions, extra, 5);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  if (::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) != 0)
    pid = -1;
  ::posix_spawn_file_actions_destroy(&actions);
  return pid;
}

}  // namespace

std::unique_ptr<XServer> XServer::Start() {
  Pipe number = MakePipe();
  std::unique_ptr<XServer> server(new XServer);
  server->pid_ = Spawn(
      {"Xvfb", "-displayfd", "5", "-screen", "0", "640x480x24", "-nolisten", "tcp", "-noreset"}, -1,
      -1, number.write.get());
  number.write.Reset();
  if (server->pid_ < 0) return nullptr;
  std::string digits;
  char byte = 0;
  while (::read(number.read.get(), &byte, 1) == 1 && byte != '\n') digits += byte;
  if (digits.empty()) return nullptr;
  server->display_ = ":" + digits;
  return server;
}

XServer::~XServer() {
  Kill();
}

void XServer::Kill() {
  if (pid_ < 0) return;
  EndProgram(pid_);
  pid_ = -1;
}

pid_t StartProgram(const std::vector<std::string>& command) {
  return Spawn(command, -1, -1, -1);
}

void EndProgram(pid_t pid) {
  ::kill(pid, SIGTERM);
  ::waitpid(pid, nullptr, 0);
}

Ended RunProgram(const std::vector<std::string>& command, const std::string& input,
                 bool collect_output) {
  Pipe in = MakePipe();
  Pipe out = MakePipe();
  Ended ended;
  ended.pid = Spawn(command, in.read.get(), collect_output ? out.write.get() : -1, -1);
  if (ended.pid < 0) return ended;
  in.read.Reset();
  out.write.Reset();
  ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
  const auto until = std::chrono::steady_clock::now() + kWaitMax;
  size_t written = 0;
  bool open = collect_output;
  if (input.empty()) in.write.Reset();
  while (open || in.write) {
    if (std::chrono::steady_clock::now() > until) {
      ::kill(ended.pid, SIGKILL);
      break;
    }
    pollfd fds[2] = {{in.write.get(), POLLOUT, 0}, {open ? out.read.get() : -1, POLLIN, 0}};
    if (::poll(fds, 2, 100) < 0) continue;
    if (fds[0].revents != 0) {
      const ssize_t n = ::write(in.write.get(), input.data() + written, input.size() - written);
      if (n > 0) written += static_cast<size_t>(n);
      if (written == input.size() || (n < 0 && errno != EAGAIN)) in.write.Reset();
    }
    if (fds[1].revents != 0) {
      char buffer[64 << 10];
      const ssize_t n = ::read(out.read.get(), buffer, sizeof buffer);
      if (n > 0) ended.output.append(buffer, static_cast<size_t>(n));
      if (n <= 0) open = false;
    }
  }
  int status = 0;
  const bool there = WaitUntil([&] { return ::waitpid(ended.pid, &status, WNOHANG) != 0; });
  if (!there) {
    ::kill(ended.pid, SIGKILL);
    ::waitpid(ended.pid, &status, 0);
    return ended;
  }
  ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

bool WaitUntil(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + kWaitMax;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    ::usleep(1000);
  }
  return true;
}

}  // namespace shoumi::session::testing
