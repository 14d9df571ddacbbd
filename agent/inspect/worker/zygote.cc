#include "agent/inspect/worker/zygote.h"

#include <fcntl.h>
#include <iconv.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/inspect/sandbox/sandbox.h"
#include "agent/inspect/wire/frame.h"
#include "agent/inspect/worker/index_maps.h"
#include "agent/inspect/worker/last_words.h"
#include "agent/inspect/worker/worker.h"
#include "common/crypto/crypto.h"
#include "common/fd.h"
#include "fmt/format.h"
#include "rules/engine/database.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {
namespace {

// Character maps that PDF files refer to by name; public data.
constexpr const char* kReadable[] = {"/usr/share/poppler"};

// poppler converts its text with iconv(3), whose converters are modules that are loaded at first
// use: too late in the sandbox, where they cannot be opened. Kept open, they stay loaded, in the
// workers as well. False when one is missing on this machine.
bool LoadConverters() {
  constexpr const char* kPairs[][2] = {
      {"UTF-8", "UTF-16"}, {"UTF-16", "UTF-8"}, {"UTF-16", "ISO-8859-1"}, {"ISO-8859-1", "UTF-16"}};
  bool all = true;
  for (const auto& pair : kPairs) {
    if (reinterpret_cast<intptr_t>(::iconv_open(pair[0], pair[1])) == -1) all = false;
  }
  return all;
}

SandboxOptions SandboxFor(const v1::InspectLimits& limits, uint64_t index_bytes) {
  SandboxOptions options;
  options.mapped_files_bytes_max += index_bytes;
  options.readable.assign(std::begin(kReadable), std::end(kReadable));
  if (limits.worker_memory_bytes_max() != 0) {
    options.memory_bytes_max = limits.worker_memory_bytes_max();
  }
  return options;
}

void AddLayers(const SandboxLayers& layers,
               google::protobuf::RepeatedPtrField<v1::SandboxLayer>* out) {
  for (const SandboxLayer& layer : layers) {
    v1::SandboxLayer* added = out->Add();
    added->set_name(layer.name);
    added->set_active(layer.active);
    added->set_detail(layer.detail);
  }
}

void AddProblem(v1::InspectorReady& ready, v1::PackProblem::Severity severity,
                std::string_view code, std::string_view message) {
  v1::PackProblem* problem = ready.add_problems();
  problem->set_severity(severity);
  problem->set_code(std::string(code));
  problem->set_message(std::string(message));
}

// False where it is none. Empty is one: then values are not reported.
bool TakeValueKey(std::string_view bytes, std::optional<registry::SipKey>& key) {
  if (bytes.empty()) return true;
  if (bytes.size() != key.emplace().size()) return false;
  std::copy(bytes.begin(), bytes.end(), key->begin());
  return true;
}

class Zygote {
 public:
  Zygote(int socket, const std::string& user) : socket_(socket), user_(user) {}

  absl::Status Run();

 private:
  absl::Status Prepare();
  absl::Status ServeControl();
  void Spawn(v1::SpawnedWorker& answer, UniqueFd& worker_end, UniqueFd& process);
  [[noreturn]] void BecomeWorker(UniqueFd socket);
  static void Reap();

  const int socket_;
  const std::string user_;
  UniqueFd null_;
  UniqueFd signals_;
  v1::InspectLimits limits_;
  std::optional<registry::SipKey> value_key_;
  IndexMaps indexes_;
  std::shared_ptr<const rules::Database> database_;
};

absl::Status Zygote::Run() {
  if (auto status = Prepare(); !status.ok()) return status;
  for (;;) {
    pollfd entries[] = {{socket_, POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    if (::poll(entries, 2, -1) < 0 && errno != EINTR) return ErrnoStatus(errno, "poll");
    if (entries[1].revents != 0) {
      signalfd_siginfo info;
      if (::read(signals_.get(), &info, sizeof info) < 0 && errno != EAGAIN && errno != EINTR) {
        return ErrnoStatus(errno, "signalfd");
      }
      Reap();
    }
    if (entries[0].revents == 0) continue;
    auto status = ServeControl();
    if (absl::IsOutOfRange(status)) return absl::OkStatus();
    if (!status.ok()) return status;
  }
}

absl::Status Zygote::Prepare() {
  null_.Reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_) return ErrnoStatus(errno, "/dev/null");
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  if (::sigprocmask(SIG_BLOCK, &child, nullptr) != 0) return ErrnoStatus(errno, "sigprocmask");
  signals_.Reset(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return ErrnoStatus(errno, "signalfd");
  // Read their files while files can be read.
  ::tzset();
  crypto::Sha256("");
  const bool converters = LoadConverters();

  v1::InspectorReady ready;
  auto layers = EnterInspectorSandbox(user_, SandboxFor(limits_, 0));
  v1::InspectorConfig config;
  std::vector<UniqueFd> files;
  if (auto status = ReceiveFrame(socket_, kConfigBytesMax, config, &files); !status.ok()) {
    return status;
  }
  if (!layers.ok()) {
    AddProblem(ready, v1::PackProblem::SEVERITY_ERROR, "W001",
               fmt::format("sandbox: {}", std::string(layers.status().message())));
    return SendFrame(socket_, ready);
  }
  AddLayers(*layers, ready.mutable_layers());
  if (!converters) {
    AddProblem(ready, v1::PackProblem::SEVERITY_WARNING, "W002",
               "iconv modules are missing: PDF files will be reported as partly inspected");
  }
  limits_ = config.limits();
  if (!TakeValueKey(config.value_key(), value_key_)) {
    AddProblem(ready, v1::PackProblem::SEVERITY_ERROR, "W004", "value_key is not of 16 bytes");
    return SendFrame(socket_, ready);
  }
  if (auto status = indexes_.Open(config, files); !status.ok()) {
    AddProblem(ready, v1::PackProblem::SEVERITY_ERROR, "W003", std::string(status.message()));
    return SendFrame(socket_, ready);
  }
  rules::Database::Result result =
      rules::Database::Compile({config.packs().begin(), config.packs().end()});
  if (result.database != nullptr) {
    result.database->CheckRegistries({config.registries().begin(), config.registries().end()},
                                     result.problems);
    result.database->CheckCollections({config.collections().begin(), config.collections().end()},
                                      result.problems);
  }
  for (v1::PackProblem& problem : result.problems) *ready.add_problems() = std::move(problem);
  database_ = std::move(result.database);
  if (database_ != nullptr) {
    ready.set_ok(true);
    for (std::string& id : database_->DetectorIds()) ready.add_detectors(std::move(id));
    ready.set_database_bytes(database_->SizeBytes());
  }
  return SendFrame(socket_, ready);
}

absl::Status Zygote::ServeControl() {
  v1::InspectorControl control;
  if (auto status = ReceiveFrame(socket_, kControlBytesMax, control); !status.ok()) return status;
  v1::SpawnedWorker answer;
  UniqueFd worker_end;
  UniqueFd process;
  if (control.request_case() != v1::InspectorControl::kSpawn) {
    answer.set_error("unknown request");
  } else if (database_ == nullptr) {
    answer.set_error("no database");
  } else {
    Spawn(answer, worker_end, process);
  }
  if (!answer.error().empty()) return SendFrame(socket_, answer);
  const int fds[] = {worker_end.get(), process.get()};
  return SendFrame(socket_, answer, fds);
}

void Zygote::Spawn(v1::SpawnedWorker& answer, UniqueFd& worker_end, UniqueFd& process) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    answer.set_error(ErrnoStatus(errno, "socketpair").ToString());
    return;
  }
  worker_end.Reset(ends[0]);
  UniqueFd own(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) {
    answer.set_error(ErrnoStatus(errno, "fork").ToString());
    return;
  }
  if (pid == 0) {
    worker_end.Reset();
    BecomeWorker(std::move(own));
  }
  // The child cannot have been reaped: this thread is the only one that does.
  process.Reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) {
    answer.set_error(ErrnoStatus(errno, "pidfd_open").ToString());
    ::kill(pid, SIGKILL);
    return;
  }
  answer.set_pid(pid);
}

void Zygote::BecomeWorker(UniqueFd socket) {
  ::close(socket_);
  signals_.Reset();
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // What libraries print about a document is client data.
  ::dup2(null_.get(), STDIN_FILENO);
  ::dup2(null_.get(), STDOUT_FILENO);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  ::dup2(null_.get(), STDERR_FILENO);
#endif
  null_.Reset();
  v1::WorkerHello hello;
  auto scanner = rules::Scanner::Create(*database_, indexes_.registries(), indexes_.collections());
  if (!scanner.ok()) {
    hello.set_error(std::string(scanner.status().message()));
  } else if (auto layers = EnterWorkerSandbox(SandboxFor(limits_, indexes_.bytes())); layers.ok()) {
    AddLayers(*layers, hello.mutable_layers());
  } else {
    hello.set_error(std::string(layers.status().message()));
  }
  if (!SendFrame(socket.get(), hello).ok() || !hello.error().empty()) ::_exit(1);
  ReportAbortsForLackOfMemory(socket.get());
  ::_exit(RunWorker(socket.get(), **scanner, limits_, value_key_).ok() ? 0 : 1);
}

void Zygote::Reap() {
  for (;;) {
    // How a worker ended is said by the pool, which knows what it was working on.
    if (::waitpid(-1, nullptr, WNOHANG) <= 0) return;
  }
}

}  // namespace

absl::Status RunZygote(int socket, const std::string& user) {
  return Zygote(socket, user).Run();
}

}  // namespace shoumi::inspect
