// The USB guard alone, with a stand-in for the rest of the agent: content or names that hold a
// given text are refused. Prints one line per event on standard output.
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
#include "agent/channels/usb/usb_channel.h"
#include "common/log.h"
#include "fmt/format.h"

namespace shoumi::agent::usb {
namespace {

class FakeSink final : public EventSink {
 public:
  FakeSink(std::string rule, std::chrono::milliseconds delay, bool lose)
      : rule_(std::move(rule)), delay_(delay), lose_(lose) {}

  void Submit(Event event) override {
    if (lose_) return Say(fmt::format("lost {}", event.name));
    if (delay_.count() > 0) {
      std::thread([this, event = std::make_shared<Event>(std::move(event))] {
        std::this_thread::sleep_for(delay_);
        Answer(*event);
      }).detach();
    } else {
      Answer(event);
    }
  }

  void Report(v1::AgentEvent::Kind kind, std::string detail) override {
    Say(fmt::format("report {} {}", v1::AgentEvent::Kind_Name(kind), detail));
  }

  void RecordRefusal(v1::EventContext context, v1::Verdict verdict) override {
    Say(fmt::format("refusal {} {} {} uid={} program={}", verdict.rule(), context.operation(),
                    context.destination(), context.user().uid(), context.program().name()));
  }

  void SayMode(const std::string& mode) { Say("mode " + mode); }

 private:
  bool Contains(int fd) const {
    std::string window;
    struct stat st {};
    if (::fstat(fd, &st) != 0) return false;
    std::vector<char> chunk(std::min<size_t>(1 << 20, static_cast<size_t>(st.st_size) + 1));
    for (off_t at = 0;;) {
      const ssize_t n = ::pread(fd, chunk.data(), chunk.size(), at);
      if (n <= 0) return false;
      window.append(chunk.data(), static_cast<size_t>(n));
      if (window.find(rule_) != std::string::npos) return true;
      window.erase(0, window.size() - std::min(window.size(), rule_.size()));
      at += n;
    }
  }

  void Answer(const Event& event) {
    const bool hit = !rule_.empty() && (event.name.find(rule_) != std::string::npos ||
                                        event.text.find(rule_) != std::string::npos ||
                                        (event.content && Contains(event.content.get())));
    v1::Verdict verdict;
    verdict.set_action(hit ? v1::ACTION_BLOCK : v1::ACTION_ALLOW);
    verdict.set_basis(v1::VERDICT_BASIS_RULE);
    Say(fmt::format("{}{} {} {} bytes={} uid={} program={}", hit ? "block" : "allow",
                    event.report_only ? " report-only" : "", event.context.operation(),
                    event.context.destination(), event.context.content_bytes(),
                    event.context.user().uid(), event.context.program().name()));
    event.answer(verdict);
  }

  void Say(const std::string& line) {
    const std::lock_guard lock(mutex_);
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
  }

  const std::string rule_;
  const std::chrono::milliseconds delay_;
  const bool lose_;
  std::mutex mutex_;
};

v1::UsbMode ModeOf(const std::string& name) {
  if (name == "report") return v1::USB_MODE_REPORT_ONLY;
  if (name == "read-only") return v1::USB_MODE_READ_ONLY;
  if (name == "deny") return v1::USB_MODE_DENY;
  if (name == "allow") return v1::USB_MODE_ALLOW;
  return v1::USB_MODE_INSPECT;
}

struct Identity {
  std::string vendor_id;
  std::string product_id;
  std::string serial;
};

Identity IdentityFrom(const std::string& text) {
  const size_t product = text.find(':');
  const size_t serial = text.find(':', product + 1);
  return {text.substr(0, product), text.substr(product + 1, serial - product - 1),
          text.substr(serial + 1)};
}

ExtraDevice DeviceFrom(const std::string& text) {
  const size_t at = text.find('=');
  ExtraDevice device;
  device.node = text.substr(0, at);
  if (at == std::string::npos) return device;
  const Identity is = IdentityFrom(text.substr(at + 1));
  device.vendor_id = is.vendor_id;
  device.product_id = is.product_id;
  device.serial = is.serial;
  return device;
}

v1::Policy PolicyOf(const std::string& mode, const std::vector<std::string>& rules) {
  v1::Policy policy;
  policy.mutable_usb()->set_mode(ModeOf(mode));
  for (const std::string& rule : rules) {
    const size_t at = rule.find('=');
    const Identity is = IdentityFrom(rule.substr(0, at));
    v1::UsbDevice& device = *policy.mutable_usb()->add_devices();
    device.set_vendor_id(is.vendor_id);
    device.set_product_id(is.product_id);
    device.set_serial(is.serial);
    device.set_mode(ModeOf(rule.substr(at + 1)));
  }
  return policy;
}

int Run(int argc, char** argv) {
  UsbOptions options;
  std::vector<std::string> devices;
  std::string rule;
  std::string mode = "inspect";
  std::string second_mode = "read-only";
  std::vector<std::string> rules;
  uint32_t delay_ms = 0;
  uint32_t verdict_ms_max = 0;
  bool lose = false;
  CLI::App app{"The USB guard with a stand-in for the agent"};
  app.add_option("device", devices, "Device nodes to guard: PATTERN[=VENDOR:PRODUCT:SERIAL]")
      ->required();
  app.add_option("--fake-rule", rule, "Text that is refused");
  app.add_option("--mode", mode, "inspect, report, read-only, deny or allow");
  app.add_option("--second-mode", second_mode, "The mode that SIGUSR1 changes to");
  app.add_option("--device-rule", rules, "VENDOR:PRODUCT:SERIAL=MODE, first match wins")
      ->allow_extra_args(false);
  app.add_option("--verdict-delay-ms", delay_ms, "How long a verdict takes");
  app.add_option("--verdict-ms-max", verdict_ms_max, "Deadline of an event; 0: the default");
  app.add_option("--staging", options.staging_folder, "Staging folder");
  app.add_option("--answer-grace-ms", options.answer_grace_ms_max, "Grace past a deadline");
  app.add_flag("--lose-answers", lose, "Never answer");
  bool unmounted_open = false;
  app.add_flag("--unmounted-open", unmounted_open, "Seal nothing that is not mounted");
  bool no_fence = false;
  app.add_flag("--no-fence", no_fence, "Without fanotify");
  CLI11_PARSE(app, argc, argv);
  for (const auto& text : devices) options.extra_devices.push_back(DeviceFrom(text));
  options.fence = !no_fence;
  options.protected_nodes_file = options.staging_folder + ".nodes";

  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  SetUpLogging("usb_guard_harness", "warn", false);
  const auto policy_of = [&rules, verdict_ms_max, unmounted_open](const std::string& name) {
    v1::Policy policy = PolicyOf(name, rules);
    policy.mutable_usb()->set_verdict_ms_max(verdict_ms_max);
    policy.mutable_usb()->set_unmounted_open(unmounted_open);
    return policy;
  };
  FakeSink sink(rule, std::chrono::milliseconds(delay_ms), lose);
  UsbChannel channel(options);
  channel.ApplyPolicy(policy_of(mode));
  if (const absl::Status started = channel.Start(sink); !started.ok()) {
    std::fputs((std::string(started.message()) + "\n").c_str(), stderr);
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  // SIGUSR1: the second mode from now on. SIGUSR2: back to the mode it was started with. SIGHUP:
  // its state.
  for (int signal = 0; signal != SIGINT && signal != SIGTERM;) {
    sigwait(&signals, &signal);
    if (signal == SIGHUP) {
      std::puts(("state " + channel.State().ShortDebugString()).c_str());
      std::fflush(stdout);
    }
    if (signal != SIGUSR1 && signal != SIGUSR2) continue;
    channel.ApplyPolicy(policy_of(signal == SIGUSR1 ? second_mode : mode));
    sink.SayMode(signal == SIGUSR1 ? second_mode : mode);
  }
  channel.Stop();
  return 0;
}

}  // namespace
}  // namespace shoumi::agent::usb

int main(int argc, char** argv) {
  try {
    return shoumi::agent::usb::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    return 1;
  }
}
