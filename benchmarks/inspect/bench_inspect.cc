// What the sandboxed pool costs: the time from Inspect() to its callback for a small text, one at a
// time, against a bare byte there and back between two processes; start, replacement and memory.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "agent/inspect/inspector_pool.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "common/log.h"
#include "fmt/format.h"
#include "rules/engine/database.h"

namespace shoumi {
namespace {

using std::chrono::steady_clock;

constexpr int kRounds = 20'000;

double Micros(steady_clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

struct Spread {
  double median = 0;
  double p99 = 0;
};

Spread SpreadOf(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return {samples[samples.size() / 2], samples[samples.size() * 99 / 100]};
}

Spread BareRoundTrip() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return {};
  const pid_t echo = ::fork();
  if (echo == 0) {
    ::close(ends[0]);
    char byte = 0;
    while (::read(ends[1], &byte, 1) == 1 && ::write(ends[1], &byte, 1) == 1) {
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::vector<double> samples;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = steady_clock::now();
    char byte = 'x';
    if (::write(ends[0], &byte, 1) != 1 || ::read(ends[0], &byte, 1) != 1) return {};
    samples.push_back(Micros(steady_clock::now() - start));
  }
  ::close(ends[0]);
  ::waitpid(echo, nullptr, 0);
  return SpreadOf(std::move(samples));
}

v1::InspectReport Judge(inspect::InspectorPool& pool, inspect::Inspection inspection) {
  auto promise = std::make_shared<std::promise<v1::InspectReport>>();
  inspection.today = "2027-01-01";
  inspection.deadline = steady_clock::now() + std::chrono::seconds(60);
  auto report = promise->get_future();
  pool.Inspect(std::move(inspection),
               [promise](v1::InspectReport got) { promise->set_value(std::move(got)); });
  return report.get();
}

v1::InspectReport Inspect(inspect::InspectorPool& pool, const std::string& text) {
  inspect::Inspection inspection;
  inspection.name = "note.txt";
  inspection.text = text;
  return Judge(pool, std::move(inspection));
}

// Milliseconds for the whole verdict on a file, the median; -1 after saying why there is none.
double FileVerdict(inspect::InspectorPool& pool, const std::string& path, int rounds) {
  std::vector<double> samples;
  for (int i = 0; i <= rounds; ++i) {  // the first warms up
    inspect::Inspection inspection;
    inspection.name = std::filesystem::path(path).filename();
    inspection.content.Reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!inspection.content) {
      fmt::print(stderr, "{}: cannot be opened\n", path);
      return -1;
    }
    const auto start = steady_clock::now();
    const v1::InspectReport report = Judge(pool, std::move(inspection));
    if (i > 0) samples.push_back(Micros(steady_clock::now() - start) / 1000);
    if (!report.unscanned().empty()) {
      fmt::print(stderr, "{}: not wholly inspected: {}\n", path, report.unscanned(0).detail());
      return -1;
    }
  }
  return SpreadOf(std::move(samples)).median;
}

Spread PoolRoundTrip(inspect::InspectorPool& pool, const std::string& text, int rounds) {
  std::vector<double> samples;
  for (int i = 0; i < rounds; ++i) {
    const auto start = steady_clock::now();
    if (!Inspect(pool, text).unscanned().empty()) return {};
    samples.push_back(Micros(steady_clock::now() - start));
  }
  return SpreadOf(std::move(samples));
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string text;
    if (!std::getline(file, text)) continue;
    char state = 0;
    pid_t of = 0;
    std::istringstream(text.substr(text.rfind(')') + 2)) >> state >> of;
    if (of == parent) children.push_back(std::stoi(text));
  }
  return children;
}

uint64_t PssKiB(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("Pss:", 0) == 0) return std::stoull(line.substr(4));
  }
  return 0;
}

void Row(std::string_view what, const Spread& spread, const Spread& bare) {
  fmt::print("{:<34} median {:8.1f} us  p99 {:8.1f} us  {:6.1f} x bare\n", what, spread.median,
             spread.p99, spread.median / bare.median);
}

}  // namespace

int RunBench(const std::string& file, int rounds) {
  const auto packs = rules::ReadPacks(SHOUMI_PACKS_DIR);
  if (!packs.ok()) return 1;
  boost::asio::io_context io(1);
  auto guard = boost::asio::make_work_guard(io);
  // Forks, so before there are threads.
  const Spread bare = file.empty() ? BareRoundTrip() : Spread();
  inspect::PoolOptions options;
  options.program = SHOUMI_BIN_DIR "/shoumi-inspect";
  options.workers_max = 1;
  const auto begin = steady_clock::now();
  auto pool = inspect::InspectorPool::Start(io, options, {*packs, {}});
  if (!pool.ok()) {
    fmt::print(stderr, "{}\n", pool.status().ToString());
    return 1;
  }
  const double start_us = Micros(steady_clock::now() - begin);
  std::thread thread([&] { io.run(); });
  const auto stop = [&] {
    pool->reset();
    guard.reset();
    thread.join();
  };
  if (!file.empty()) {
    const double milliseconds = FileVerdict(**pool, file, rounds);
    if (milliseconds >= 0) fmt::print("{:.3f}\n", milliseconds);
    stop();
    return milliseconds >= 0 ? 0 : 1;
  }
  Inspect(**pool, "warm");
  const pid_t inspector = ChildrenOf(::getpid()).at(0);
  const pid_t worker = ChildrenOf(inspector).at(0);
  const uint64_t parent_kib = PssKiB(inspector);
  const uint64_t worker_kib = PssKiB(worker);

  const std::string line =
      "关于下周例会安排的通知：请各部门于周五前提交材料。The meeting is at ten.\n";
  std::string page;
  while (page.size() < 1024) page += line;
  std::string book;
  while (book.size() < (1U << 20)) book += line;
  Row("byte there and back, bare", bare, bare);
  Row("inspect 70 B of text", PoolRoundTrip(**pool, line, kRounds), bare);
  Row("inspect 1 KiB of text", PoolRoundTrip(**pool, page, kRounds), bare);
  Row("inspect 1 MiB of text", PoolRoundTrip(**pool, book, 300), bare);

  std::vector<double> replaced;
  for (int i = 0; i < 50; ++i) {
    ::kill(ChildrenOf(inspector).at(0), SIGKILL);
    while ((*pool)->stats().replaced != static_cast<uint64_t>(i) + 1) std::this_thread::yield();
    const auto start = steady_clock::now();
    if (!Inspect(**pool, line).unscanned().empty()) return 1;
    replaced.push_back(Micros(steady_clock::now() - start));
  }
  Row("first answer after a lost worker", SpreadOf(std::move(replaced)), bare);
  fmt::print("start to first worker ready        {:8.1f} ms\n", start_us / 1000);
  fmt::print("memory at rest                     parent {} KiB + worker {} KiB PSS\n", parent_kib,
             worker_kib);
  stop();
  return 0;
}

}  // namespace shoumi

int main(int argc, char** argv) {
  CLI::App app("Measures the pool of inspection workers");
  std::string file;
  int rounds = 9;
  app.add_option("--file", file, "only print the milliseconds for the verdict on this file");
  app.add_option("--rounds", rounds, "verdicts on it to take the median of")
      ->check(CLI::Range(1, 10'000));
  CLI11_PARSE(app, argc, argv);
  shoumi::SetUpLogging("bench_inspect", "off", false);
  return shoumi::RunBench(file, rounds);
}
