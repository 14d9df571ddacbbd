#include "agent/session/notify/release_form.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "common/fd.h"

namespace shoumi::session {
namespace {

using Time = std::chrono::steady_clock::time_point;

constexpr char kSeparator = '\x1f';  // nobody types it

std::vector<std::string> Environment(const FormOptions& options) {
  std::vector<std::string> environment;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view word = *one;
    if (!options.display.empty() && word.starts_with("DISPLAY=")) continue;
    environment.emplace_back(word);
  }
  if (!options.display.empty()) environment.push_back("DISPLAY=" + options.display);
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// What the program wrote until it closed its output.
absl::StatusOr<std::string> ReadUntil(int from, size_t bytes_max, Time until, int stop) {
  std::string read;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return absl::CancelledError("the form was left open");
    pollfd fds[2] = {{from, POLLIN, 0}, {stop, POLLIN, 0}};
    if (::poll(fds, 2, static_cast<int>(left.count())) < 0 && errno != EINTR) {
      return ErrnoStatus(errno, "poll");
    }
    if (fds[1].revents != 0) return absl::CancelledError("the session ends");
    if (fds[0].revents == 0) continue;
    char piece[1024];
    const ssize_t got = ::read(from, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "read");
    if (got == 0) return read;
    read.append(piece, static_cast<size_t>(got));
    if (read.size() > bytes_max) return absl::CancelledError("more was written than fits");
  }
}

// Runs it with its output to us; what it wrote, without the line's end, when it ends with 0.
absl::StatusOr<std::string> Run(const FormOptions& options, std::vector<std::string> command,
                                Time until, int stop) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> environment = Environment(options);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, command[0].c_str(), &actions, &attributes,
                                  Pointers(command).data(), Pointers(environment).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return ErrnoStatus(error, command[0]);
  write_end.Reset();
  auto read = ReadUntil(read_end.get(), options.answer_bytes_max, until, stop);
  ::kill(pid, SIGKILL);  // what it has to say it has said
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!read.ok()) return read;
  if (!read->empty() && read->back() == '\n') read->pop_back();
  return read;
}

bool IsZenity(const std::string& program) {
  return program.ends_with("zenity");
}

absl::StatusOr<ReleaseForm> AskZenity(const FormOptions& options, const std::string& program,
                                      Time until, int stop) {
  const bool chinese = options.chinese;
  auto answer = Run(
      options,
      {program, "--forms", chinese ? "--title=申请外发" : "--title=Request release",
       chinese ? "--text=将由安全部门审批。" : "--text=It is for the security team to approve.",
       chinese ? "--add-entry=接收人" : "--add-entry=To whom",
       chinese ? "--add-entry=理由" : "--add-entry=Why", std::string("--separator=") + kSeparator},
      until, stop);
  if (!answer.ok()) return answer.status();
  const size_t cut = answer->find(kSeparator);
  if (cut == std::string::npos) return absl::CancelledError("the form was closed");
  return ReleaseForm{answer->substr(0, cut), answer->substr(cut + 1)};
}

absl::StatusOr<ReleaseForm> AskKdialog(const FormOptions& options, const std::string& program,
                                       Time until, int stop) {
  const bool chinese = options.chinese;
  const auto ask = [&](const char* question) {
    return Run(
        options,
        {program, "--title", chinese ? "申请外发" : "Request release", "--inputbox", question},
        until, stop);
  };
  auto recipient = ask(chinese ? "接收人" : "To whom");
  if (!recipient.ok()) return recipient.status();
  if (recipient->empty()) return absl::CancelledError("the form was closed");
  auto reason = ask(chinese ? "理由" : "Why");
  if (!reason.ok()) return reason.status();
  return ReleaseForm{*std::move(recipient), *std::move(reason)};
}

const std::string* Program(const FormOptions& options) {
  const auto found = std::ranges::find_if(options.programs, [](const std::string& program) {
    return ::access(program.c_str(), X_OK) == 0;
  });
  return found == options.programs.end() ? nullptr : &*found;
}

}  // namespace

bool CanAsk(const FormOptions& options) {
  return Program(options) != nullptr;
}

absl::StatusOr<ReleaseForm> AskForRelease(const FormOptions& options, int stop) {
  const std::string* const program = Program(options);
  if (program == nullptr) return absl::NotFoundError("no program that shows forms");
  const Time until = std::chrono::steady_clock::now() + options.form_ms_max;
  auto form = IsZenity(*program) ? AskZenity(options, *program, until, stop)
                                 : AskKdialog(options, *program, until, stop);
  if (!form.ok()) return form;
  if (form->recipient.empty() || form->reason.empty()) {
    return absl::InvalidArgumentError("recipient and reason are both needed");
  }
  return form;
}

}  // namespace shoumi::session
