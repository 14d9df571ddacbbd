// T11: what the agent costs while nothing happens. Runs shoumi-agent as it is installed, with the
// shipped packs and the starter policy, against an in-process server that only offers the policy
// and takes heartbeats, and adds up its processes.
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "agent/cli/status.h"
#include "agent/uplink/enrolment.h"
#include "agent/uplink/testing/fake_server.h"
#include "benchmarks/rest/processes.h"
#include "benchmarks/row.h"
#include "common/fd.h"
#include "common/log.h"
#include "fmt/format.h"
#include "rules/engine/database.h"
#include "rules/policy/policy.h"

namespace shoumi::benchmarks {
namespace {

constexpr uint32_t kHeartbeatSeconds = 20;  // the server's default
constexpr uint64_t kPssKibMax = 60 << 10;
constexpr double kCoreShareMax = 0.001;
constexpr std::chrono::seconds kStartMax{60};

struct Setup {
  uint32_t seconds = 60;
  uint32_t settle_seconds = 10;
  bool rows = false;
};

// Removed with everything in it.
class Folder {
 public:
  Folder() { path_ = ::mkdtemp(name_.data()) != nullptr ? name_ : ""; }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string name_ = "/tmp/shoumi-rest-XXXXXX";
  std::string path_;
};

absl::StatusOr<v1::PolicyBundle> ShippedBundle() {
  auto packs = rules::ReadPacks(SHOUMI_RULES_DIR "/packs");
  if (!packs.ok()) return packs.status();
  const auto compiled = rules::Database::Compile(*packs);
  const auto yaml = ReadFile(SHOUMI_RULES_DIR "/policies/starter.yaml", 1 << 20);
  if (!yaml.ok()) return yaml.status();
  if (compiled.database == nullptr) return absl::InternalError("the shipped packs do not compile");
  const auto policy = rules::LoadPolicy("starter.yaml", *yaml, compiled.database->DetectorIds());
  if (!policy.ok) return absl::InternalError("the starter policy has errors");
  v1::PolicyBundle bundle;
  bundle.set_version(1);
  for (v1::Pack& pack : *packs) *bundle.add_packs() = std::move(pack);
  *bundle.mutable_policy() = policy.policy;
  return bundle;
}

// A rest that mounts elsewhere on the machine do not disturb: the agent looks at every new one.
bool LeaveMounts() {
  return ::geteuid() != 0 || (::unshare(CLONE_NEWNS) == 0 &&
                              ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
}

// shoumi-agent as a child; ends with this object.
class AgentProcess {
 public:
  AgentProcess(const std::string& config, const std::string& log) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (!LeaveMounts() || ::freopen(log.c_str(), "w", stderr) == nullptr) ::_exit(126);
    ::execl(SHOUMI_BIN_DIR "/shoumi-agent", "shoumi-agent", "run", "--config", config.c_str(),
            nullptr);
    ::_exit(127);
  }
  ~AgentProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool runs() const { return pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == 0; }

 private:
  pid_t pid_ = -1;
};

bool WaitInForce(const std::string& socket, const AgentProcess& agent) {
  const auto deadline = std::chrono::steady_clock::now() + kStartMax;
  while (std::chrono::steady_clock::now() < deadline && agent.runs()) {
    const auto json = cli::AskAgent(socket, std::chrono::seconds(2));
    if (json.ok()) {
      const auto status = cli::ParseStatus(*json);
      if (status.ok() && status->state().policy_version() == 1) return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

void Measure(const Setup& setup, pid_t agent) {
  std::this_thread::sleep_for(std::chrono::seconds(setup.settle_seconds));
  const std::vector<pid_t> tree = TreeOf(agent);
  const auto nanos = [&] {
    uint64_t sum = 0;
    for (const pid_t pid : tree) sum += NanosOf(pid);
    return sum;
  };
  const uint64_t before = nanos();
  std::this_thread::sleep_for(std::chrono::seconds(setup.seconds));
  const double used = static_cast<double>(nanos() - before) / 1e9 / setup.seconds;
  uint64_t pss = 0;
  for (const pid_t pid : tree) {
    const Memory memory = MemoryOf(pid);
    pss += memory.pss_kib;
    if (!setup.rows) {
      fmt::print("{:<16} PSS {:>7} KiB: {:>7} anonymous, {:>7} of files\n", NameOf(pid),
                 memory.pss_kib, memory.anon_kib, memory.file_kib);
    }
  }
  const Report report(setup.rows);
  report.Print({"T11", fmt::format("agent at rest, {} processes, PSS", tree.size()),
                fmt::format("{:.1f} MiB", static_cast<double>(pss) / 1024), "<= 60 MiB",
                pss <= kPssKibMax});
  report.Print({"T11", fmt::format("processor at rest, over {} s", setup.seconds),
                fmt::format("{:.3f} % of a core", used * 100), "< 0.1 %", used < kCoreShareMax});
}

absl::Status Run(const Setup& setup) {
  const Folder folder;
  if (folder.path().empty()) return absl::UnavailableError("no temporary folder");
  const auto bundle = ShippedBundle();
  if (!bundle.ok()) return bundle.status();
  agent::FakeServer server;
  server.heartbeat_interval_s = kHeartbeatSeconds;
  server.Offer(1, server.Sign(*bundle));
  const std::string state = folder.path() + "/state";
  // Channels as they are installed; the usb channel needs root.
  const std::string config = fmt::format(
      "state_dir: {}\nrun_dir: {}/run\ninspect: {{user: nobody}}\n"
      "channels: {{usb: {{enabled: {}}}, attachments: {{enabled: false}}}}\n",
      state, folder.path(), ::geteuid() == 0);
  const std::pair<std::string, std::string> files[] = {{folder.path() + "/ca", server.ca_pem()},
                                                       {folder.path() + "/token", "one-time"},
                                                       {folder.path() + "/agent.yaml", config}};
  for (const auto& [file, text] : files) {
    if (auto status = ReplaceFile(file, text, 0600); !status.ok()) return status;
  }
  const auto enrolment = agent::Enrol(
      {server.address(), folder.path() + "/ca", folder.path() + "/token", state, "bench", false});
  if (!enrolment.ok()) return enrolment.status();
  const AgentProcess agent(folder.path() + "/agent.yaml", folder.path() + "/log");
  if (!WaitInForce(folder.path() + "/run/status.sock", agent)) {
    const auto log = ReadFile(folder.path() + "/log", 1 << 20);
    return absl::DeadlineExceededError("the agent has no policy in force; its log:\n" +
                                       (log.ok() ? *log : ""));
  }
  Measure(setup, agent.pid());
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Setup setup;
  CLI::App app("Measures the agent at rest: target T11");
  app.add_option("--seconds", setup.seconds, "how long to watch the processor")
      ->check(CLI::Range(1U, 3600U));
  app.add_option("--settle", setup.settle_seconds, "seconds between the policy and the watch");
  app.add_flag("--rows", setup.rows, "one line of tab-separated fields a result");
  CLI11_PARSE(app, argc, argv);
  SetUpLogging("bench_at_rest", "off", false);
  const absl::Status status = Run(setup);
  if (!status.ok()) fmt::print(stderr, "bench_at_rest: {}\n", std::string(status.message()));
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace shoumi::benchmarks

int main(int argc, char** argv) {
  return shoumi::benchmarks::Main(argc, argv);
}
