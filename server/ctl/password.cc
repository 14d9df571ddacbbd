#include "server/ctl/password.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "common/crypto/crypto.h"
#include "common/fd.h"
#include "fmt/format.h"

namespace shoumi::ctl {
namespace {

constexpr size_t kAnswerBytesMax = 1024;
constexpr int kAnswerMsMax = 5 * 60 * 1000;
constexpr char kInterrupt = 3;
constexpr char kEndOfFile = 4;
constexpr char kEraseLine = 21;

// No echo, and every key at once, while it lives: an interrupt must not leave the terminal mute.
class Unseen {
 public:
  explicit Unseen(int fd) : fd_(fd) {
    if (::tcgetattr(fd_, &before_) != 0) return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    changed_ = ::tcsetattr(fd_, TCSAFLUSH, &raw) == 0;
  }
  ~Unseen() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  [[nodiscard]] bool ok() const { return changed_; }

 private:
  const int fd_;
  termios before_{};
  bool changed_ = false;
};

absl::StatusOr<UniqueFd> OpenTerminal(const std::string& flag) {
  UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (terminal) return terminal;
  return absl::FailedPreconditionError(fmt::format("no terminal to ask on; use {}", flag));
}

absl::StatusOr<char> ReadKey(int terminal) {
  pollfd ready{terminal, POLLIN, 0};
  int count = 0;
  do {
    count = ::poll(&ready, 1, kAnswerMsMax);
  } while (count < 0 && errno == EINTR);
  if (count == 0) return absl::DeadlineExceededError("no answer on the terminal");
  char key = 0;
  if (count < 0 || ::read(terminal, &key, 1) != 1) return absl::CancelledError("no answer");
  return key;
}

void EraseCharacter(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) {
    text.pop_back();
  }
  if (!text.empty()) text.pop_back();
}

absl::StatusOr<std::string> ReadLine(int terminal) {
  std::string line;
  line.reserve(kAnswerBytesMax);  // no copies of a password left behind by growing
  for (;;) {
    const auto key = ReadKey(terminal);
    if (!key.ok()) return key.status();
    if (*key == '\n' || *key == '\r') return line;
    if (*key == kInterrupt || *key == kEndOfFile) return absl::CancelledError("given up");
    if (*key == '\b' || *key == '\x7f') {
      EraseCharacter(line);
    } else if (*key == kEraseLine) {
      line.clear();
    } else if (line.size() < kAnswerBytesMax) {
      line += *key;
    } else {
      return absl::InvalidArgumentError(fmt::format("longer than {} bytes", kAnswerBytesMax));
    }
  }
}

}  // namespace

absl::StatusOr<std::string> ReadPasswordFile(const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, file);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, file);
  if (S_ISREG(info.st_mode) && (info.st_mode & 077U) != 0) {
    return absl::FailedPreconditionError(
        fmt::format("{} can be read by others (mode {:04o}); run: chmod 600 {}", file,
                    info.st_mode & 07777U, file));
  }
  auto text = ReadAll(fd.get(), kAnswerBytesMax);
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {}", file, std::string(text.status().message())));
  }
  std::string password = text->substr(0, text->find_first_of("\r\n"));
  crypto::Wipe(*text);
  if (password.empty()) return absl::InvalidArgumentError(file + ": the first line is empty");
  return password;
}

absl::StatusOr<std::string> AskPassword(const std::string& prompt, const std::string& flag) {
  const auto terminal = OpenTerminal(flag);
  if (!terminal.ok()) return terminal.status();
  const Unseen unseen(terminal->get());
  if (!unseen.ok()) return ErrnoStatus(errno, "the terminal cannot be told not to echo");
  if (auto status = WriteAll(terminal->get(), prompt); !status.ok()) return status;
  auto answer = ReadLine(terminal->get());
  if (auto status = WriteAll(terminal->get(), "\n"); !status.ok()) return status;
  return answer;
}

absl::StatusOr<bool> AskYes(const std::string& question, const std::string& flag) {
  const auto terminal = OpenTerminal(flag);
  if (!terminal.ok()) return terminal.status();
  if (auto status = WriteAll(terminal->get(), question); !status.ok()) return status;
  const auto answer = ReadLine(terminal->get());
  if (!answer.ok()) return answer.status();
  return *answer == "y" || *answer == "yes";
}

}  // namespace shoumi::ctl
