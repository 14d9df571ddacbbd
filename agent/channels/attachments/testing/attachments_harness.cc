// The attachments channel alone, with a stand-in for the rest of the agent: content or names that
// hold a given text are refused. Prints one line per event on standard output. Watches only what
// is mounted below the places it is given, and ends itself after a time, so that a fault of it
// cannot keep a machine waiting.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "agent/channels/attachments/attachment_channel.h"
#include "common/bounded_queue.h"
#include "common/log.h"
#include "fmt/format.h"
#include "google/protobuf/text_format.h"

namespace shoumi::agent::attachments {
namespace {

class FakeSink final : public EventSink {
 public:
  FakeSink(std::string rule, std::chrono::milliseconds delay, std::chrono::milliseconds ahead_delay,
           bool lose, int threads)
      : rule_(std::move(rule)), delay_(delay), ahead_delay_(ahead_delay), lose_(lose) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] {
        while (!stopping_) {
          if (auto event = events_.Pop(std::chrono::milliseconds(200))) Answer(*event);
        }
      });
    }
  }
  FakeSink(const FakeSink&) = delete;
  FakeSink& operator=(const FakeSink&) = delete;
  ~FakeSink() override {
    stopping_ = true;
    events_.Close();
    for (auto& thread : threads_) thread.join();
  }

  void Submit(Event event) override {
    if (lose_ && !event.clean_only) return Say(fmt::format("lost {}", event.context.destination()));
    if (!events_.TryPush(std::move(event))) Say("too many events");
  }
  void Report(v1::AgentEvent::Kind kind, std::string detail) override {
    Say(fmt::format("report {} {}", v1::AgentEvent::Kind_Name(kind), detail));
  }
  void RecordRefusal(v1::EventContext context, v1::Verdict verdict) override {
    Say(fmt::format("refusal {} {} action={} {}", verdict.rule(), context.operation(),
                    static_cast<int>(verdict.action()), Who(context)));
  }
  void Say(const std::string& line) {
    const std::lock_guard lock(mutex_);
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
  }

 private:
  static std::string Who(const v1::EventContext& context) {
    return fmt::format("{} app={} program={} pid={} uid={} bytes={}", context.destination(),
                       context.program().app(), context.program().executable(),
                       context.program().pid(), context.user().uid(), context.content_bytes());
  }

  bool Contains(int fd) const {
    std::string text;
    std::vector<char> chunk(1 << 16);
    for (off_t at = 0;;) {
      const ssize_t n = ::pread(fd, chunk.data(), chunk.size(), at);
      if (n <= 0) return false;
      text.append(chunk.data(), static_cast<size_t>(n));
      if (text.find(rule_) != std::string::npos) return true;
      text.erase(0, text.size() - std::min(text.size(), rule_.size()));
      at += n;
    }
  }

  void Answer(const Event& event) {
    std::this_thread::sleep_for(event.clean_only ? ahead_delay_ : delay_);
    const bool hit = !rule_.empty() && (event.name.find(rule_) != std::string::npos ||
                                        (event.content && Contains(event.content.get())));
    v1::Verdict verdict;
    verdict.set_action(hit ? v1::ACTION_BLOCK : v1::ACTION_ALLOW);
    verdict.set_basis(v1::VERDICT_BASIS_RULE);
    const char* what = event.clean_only ? (hit ? "dirty" : "clean") : (hit ? "block" : "allow");
    Say(fmt::format("{}{} {} {}", what, event.report_only ? " report-only" : "",
                    event.context.operation(), Who(event.context)));
    event.answer(verdict);
  }

  const std::string rule_;
  const std::chrono::milliseconds delay_;
  const std::chrono::milliseconds ahead_delay_;
  const bool lose_;
  std::mutex mutex_;
  BoundedQueue<Event> events_{10'000};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

absl::StatusOr<v1::Policy> PolicyFrom(const std::string& file) {
  absl::StatusOr<std::string> text = ReadFile(file, 1 << 20);
  if (!text.ok()) return text.status();
  v1::Policy policy;
  if (!google::protobuf::TextFormat::ParseFromString(*text, &policy)) {
    return absl::InvalidArgumentError("not a policy in text format: " + file);
  }
  return policy;
}

void SayState(const AttachmentChannel& channel, FakeSink& sink) {
  sink.Say("state " + channel.State().ShortDebugString());
  std::string counters = "counters";
  for (const auto& [name, count] : channel.Counters()) {
    counters += fmt::format(" {}={}", name.substr(11), count);
  }
  sink.Say(counters);
}

int Run(int argc, char** argv) {
  AttachmentOptions options;
  std::string rule;
  std::string policy_file;
  uint32_t delay_ms = 0;
  uint32_t ahead_delay_ms = 0;
  uint32_t seconds_max = 120;
  int threads = 2;
  bool lose = false;
  bool no_ahead = false;
  uint32_t grace_ms = 1000;
  CLI::App app{"The attachments channel with a stand-in for the agent"};
  app.add_option("mount", options.only_below, "Watch what is mounted at or below here")->required();
  app.add_option("--policy", policy_file, "Policy in protobuf's text format")->required();
  app.add_option("--fake-rule", rule, "Text that is refused");
  app.add_option("--verdict-delay-ms", delay_ms, "How long a verdict takes");
  app.add_option("--ahead-delay-ms", ahead_delay_ms, "How long it takes to tell what is clean");
  app.add_option("--backlog-max", options.clean.backlog_max, "Files that wait for that");
  app.add_option("--known-max", options.clean.known_max, "Files whose result is remembered");
  app.add_option("--ahead-bytes-max", options.clean.bytes_max, "Of a file that is asked about");
  app.add_option("--served-max", options.served_max, "File systems served by programs");
  app.add_option("--folded-max", options.judge.folded_max, "Verdicts that are remembered");
  app.add_option("--waiters-max", options.judge.waiters_max, "Opens that wait for one verdict");
  app.add_option("--judge-threads", threads, "How many verdicts at a time");
  app.add_option("--queue-max", options.judge.queue_max, "Opens not yet looked at");
  app.add_option("--undecided-max", options.judge.undecided_max, "Files whose verdict is awaited");
  app.add_option("--copy-bytes-max", options.judge.copy_bytes_max, "Of served files");
  app.add_option("--answer-grace-ms", grace_ms, "Grace past a deadline");
  app.add_option("--seconds-max", seconds_max, "It ends itself after that");
  app.add_flag("--lose-answers", lose, "Never answer");
  app.add_flag("--no-ahead", no_ahead, "Inspect nothing before a watched program opens it");
  CLI11_PARSE(app, argc, argv);
  options.ahead = !no_ahead;
  options.judge.grace = std::chrono::milliseconds(grace_ms);
  ::alarm(seconds_max);

  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  SetUpLogging("attachments_harness", "warn", false);
  FakeSink sink(rule, std::chrono::milliseconds(delay_ms),
                std::chrono::milliseconds(ahead_delay_ms), lose, threads);
  AttachmentChannel channel(options);
  absl::StatusOr<v1::Policy> policy = PolicyFrom(policy_file);
  absl::Status started = policy.status();
  if (policy.ok()) {
    channel.ApplyPolicy(*policy);
    started = channel.Start(sink);
  }
  if (!started.ok()) {
    std::fputs((std::string(started.message()) + "\n").c_str(), stderr);
    return 1;
  }
  sink.Say("ready");
  // SIGUSR1: the policy is read again. SIGHUP: state and counters.
  for (int signal = 0; signal != SIGINT && signal != SIGTERM;) {
    sigwait(&signals, &signal);
    if (signal == SIGHUP) SayState(channel, sink);
    if (signal != SIGUSR1) continue;
    policy = PolicyFrom(policy_file);
    if (policy.ok()) channel.ApplyPolicy(*policy);
    sink.Say(policy.ok() ? "policy applied" : "policy refused");
  }
  channel.Stop();
  return 0;
}

}  // namespace
}  // namespace shoumi::agent::attachments

int main(int argc, char** argv) {
  try {
    return shoumi::agent::attachments::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    return 1;
  }
}
