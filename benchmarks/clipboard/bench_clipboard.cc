// T9: copy → paste in X11. The display is real (Xvfb), so are guard, link, channel and inspector
// with the shipped packs; the spool is left out. Each copy is a text that nobody has seen before.
// Held against the same pastes without a guard, in the same minute.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/channels/clipboard/clipboard_channel.h"
#include "agent/decide/decide.h"
#include "agent/inspect/inspector_pool.h"
#include "agent/session/link/agent_link.h"
#include "agent/session/x11/selection_guard.h"
#include "agent/session/x11/testing/peer.h"
#include "agent/session/x11/testing/x_server.h"
#include "benchmarks/row.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "common/log.h"
#include "common/text.h"
#include "fmt/format.h"
#include "rules/engine/database.h"

namespace shoumi::benchmarks {
namespace {

using session::testing::Owner;
using session::testing::Requestor;
using std::chrono::steady_clock;

constexpr double kPasteMsMax = 20;

struct Setup {
  uint32_t rounds = 200;
  uint64_t bytes = 1U << 20;
  bool rows = false;
};

struct Spread {
  double median = 0;
  double p99 = 0;
};

Spread SpreadOf(std::vector<double> samples) {
  std::ranges::sort(samples);
  return {samples[samples.size() / 2], samples[samples.size() * 99 / 100]};
}

double Millis(steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// Office prose with figures in it, none of which is anybody's.
std::string OfficeText(uint64_t bytes, uint32_t seed) {
  std::string text;
  text.reserve(bytes + 256);
  for (uint32_t i = seed * 1'000'003U; text.size() < bytes; i = i * 1664525U + 1013904223U) {
    text += fmt::format(
        "第{}次会议讨论了本季度的工作安排，到会{}人。The schedule of week {} was agreed, item "
        "{}.\n",
        i % 97, i % 31, i % 53, i % 10'007);
  }
  text.resize(ClipUtf8(text, bytes).size());
  text.resize(bytes, '.');
  return text;
}

// inspect → decide, without a record.
class InspectingSink final : public agent::EventSink {
 public:
  InspectingSink(inspect::InspectorPool& pool, v1::Policy policy)
      : pool_(pool), policy_(std::move(policy)) {}
  void Submit(agent::Event event) override {
    inspect::Inspection inspection;
    inspection.name = event.name;
    inspection.content = std::move(event.content);
    inspection.own_content = event.own_content;
    inspection.deadline = event.deadline;
    inspection.today = "2027-01-01";
    pool_.Inspect(std::move(inspection), [this, context = event.context,
                                          answer = event.answer](const v1::InspectReport& report) {
      unscanned_ += static_cast<uint64_t>(report.unscanned_size());
      bytes_ += report.bytes_read();
      const v1::Verdict verdict = agent::Decide(policy_, context, report, {});
      if (verdict.action() != v1::ACTION_ALLOW) {
        fmt::print(stderr, "bench_clipboard: {} {}\n", verdict.rule(),
                   report.unscanned_size() > 0 ? report.unscanned(0).detail() : "");
      }
      answer(verdict);
    });
  }
  void Report(v1::AgentEvent::Kind, std::string) override {}
  void RecordRefusal(v1::EventContext, v1::Verdict) override { ++unscanned_; }
  [[nodiscard]] uint64_t unscanned() const { return unscanned_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }

 private:
  inspect::InspectorPool& pool_;
  const v1::Policy policy_;
  std::atomic<uint64_t> unscanned_{0};
  std::atomic<uint64_t> bytes_{0};
};

v1::Policy ThePolicy() {
  v1::Policy policy;
  v1::Rule& rule = *policy.add_rules();
  rule.set_id("any");
  rule.set_action(v1::ACTION_BLOCK);
  rule.mutable_when()->mutable_detector()->set_detector("cn.*");
  policy.set_default_action(v1::ACTION_ALLOW);
  policy.mutable_clipboard()->set_mode(v1::CHANNEL_MODE_INSPECT);
  return policy;
}

struct Times {
  std::vector<double> held;   // copy → taken over
  std::vector<double> paste;  // request → the last byte
};

// Empty after saying what went wrong.
Times Measure(const Setup& setup, const std::string& display, session::SelectionGuard* guard) {
  Times times;
  Requestor requestor(display);
  for (uint32_t round = 0; round < setup.rounds + 3; ++round) {
    const std::string text = OfficeText(setup.bytes, round + (guard != nullptr ? 1'000'000 : 0));
    const uint64_t before = guard == nullptr ? 0 : guard->counters().taken_over.load();
    const auto copied = steady_clock::now();
    const Owner owner(display, "CLIPBOARD",
                      {{"TARGETS", Owner::Offers({"UTF8_STRING"})},
                       {"UTF8_STRING", Owner::Gives({"UTF8_STRING", 8, text})}});
    while (guard != nullptr && guard->counters().taken_over == before) {
      if (steady_clock::now() - copied > std::chrono::seconds(20)) return {};
      ::usleep(50);
    }
    const auto asked = steady_clock::now();
    const auto got = requestor.Convert("CLIPBOARD", "UTF8_STRING");
    const auto end = steady_clock::now();
    if (!got || got->bytes != text) {
      fmt::print(stderr, "bench_clipboard: round {}: {}\n", round, got ? "other bytes" : "refused");
      return {};
    }
    if (round < 3) continue;  // warm-up
    times.held.push_back(Millis(asked - copied));
    times.paste.push_back(Millis(end - asked));
  }
  return times;
}

int Print(const Setup& setup, const Times& bare, const Times& guarded) {
  const Spread bare_paste = SpreadOf(bare.paste);
  const Spread paste = SpreadOf(guarded.paste);
  const Spread held = SpreadOf(guarded.held);
  const Report report(setup.rows);
  report.Print({"T9", fmt::format("paste of {} KiB, judged, p99", setup.bytes >> 10),
                fmt::format("{:.1f} ms", paste.p99), fmt::format("<= {:.0f} ms", kPasteMsMax),
                paste.p99 <= kPasteMsMax});
  if (setup.rows) return 0;
  fmt::print(
      "     {} pastes: {:.1f} ms median, {:.1f} ms p99; without a guard {:.1f} and {:.1f} ms\n",
      guarded.paste.size(), paste.median, paste.p99, bare_paste.median, bare_paste.p99);
  fmt::print("     from the copy until the guard holds it: {:.1f} ms median, {:.1f} ms p99\n",
             held.median, held.p99);
  return 0;
}

int Run(const Setup& setup) {
  const auto server = session::testing::XServer::Start();
  if (!server) {
    fmt::print(stderr, "bench_clipboard: Xvfb is not installed\n");
    return 1;
  }
  boost::asio::io_context io;
  const auto work = boost::asio::make_work_guard(io);
  std::thread io_thread([&] { io.run(); });
  const auto packs = rules::ReadPacks(SHOUMI_PACKS_DIR);
  inspect::PoolOptions pool_options;
  pool_options.program = SHOUMI_BIN_DIR "/shoumi-inspect";
  inspect::InspectorRules rules;
  if (packs.ok()) rules.packs = *packs;
  auto pool = inspect::InspectorPool::Start(io, pool_options, rules);
  int status = 1;
  if (packs.ok() && pool.ok()) {
    InspectingSink sink(**pool, ThePolicy());
    std::string folder = "/tmp/shoumi-clipboard-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) return 1;
    agent::SessionHubOptions options;
    options.socket_path = folder + "/socket";
    agent::SessionHub hub(options);
    agent::clipboard::ClipboardChannel channel({}, hub);
    const bool started = hub.Start(sink).ok() && channel.Start(sink).ok();
    channel.ApplyPolicy(ThePolicy());
    const Times bare = Measure(setup, server->display(), nullptr);
    session::AgentLinkOptions link_options;
    link_options.socket_path = options.socket_path;
    link_options.agent_uid = ::getuid();
    link_options.hello.set_protocol(1);
    link_options.hello.set_uid(::getuid());
    link_options.hello.set_kind(v1::DISPLAY_KIND_X11);
    session::AgentLink link(link_options, {[](const v1::SessionSettings&) {}});
    auto guard = session::SelectionGuard::Open(server->display(), link);
    if (started && guard.ok() && session::testing::WaitUntil([&] { return link.connected(); })) {
      std::thread guard_thread([&] { (*guard)->Run().IgnoreError(); });
      const Times guarded = Measure(setup, server->display(), guard->get());
      (*guard)->Stop();
      guard_thread.join();
      const bool judged = sink.unscanned() == 0 && sink.bytes() >= setup.bytes * setup.rounds;
      if (!judged) fmt::print(stderr, "bench_clipboard: not every paste was inspected\n");
      if (judged && !bare.paste.empty() && !guarded.paste.empty()) {
        status = Print(setup, bare, guarded);
      }
    }
    channel.Stop();
    std::filesystem::remove_all(folder);
  } else {
    fmt::print(stderr, "bench_clipboard: the inspector does not start\n");
  }
  if (pool.ok()) pool->reset();
  io.stop();
  io_thread.join();
  return status;
}

}  // namespace
}  // namespace shoumi::benchmarks

int main(int argc, char** argv) {
  shoumi::benchmarks::Setup setup;
  CLI::App app("T9: copy and paste through the guard of the clipboard");
  app.add_flag("--rows", setup.rows, "rows for benchmarks/run.sh");
  app.add_option("--rounds", setup.rounds, "copies")->check(CLI::Range(1, 100'000));
  app.add_option("--bytes", setup.bytes, "of each text")->check(CLI::Range(1, 64 << 20));
  CLI11_PARSE(app, argc, argv);
  shoumi::SetUpLogging("bench", "error", false);
  return shoumi::benchmarks::Run(setup);
}
