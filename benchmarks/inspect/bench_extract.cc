// Inspection of real files by a warm worker, extraction and matching together, against the program
// that a user would take to get at the text, as a whole process, on the same file in the same
// minute: pdftotext, 7zz t, soffice --convert-to txt.
//   bench_extract FOLDER   takes pdf, zip and docx files below it; what a program is missing for,
//   or
//                          what it fails on, is left out and counted.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/inspect/inspector_pool.h"
#include "benchmarks/measure.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "common/log.h"
#include "fmt/format.h"
#include "rules/engine/database.h"

extern char** environ;

namespace shoumi {
namespace {

using std::chrono::steady_clock;
using Millis = std::chrono::duration<double, std::milli>;

constexpr int kRounds = 7;

struct Opponent {
  std::string extension;
  std::vector<std::string> command;  // the file goes last
  int rounds;
};
const Opponent kOpponents[] = {
    {".pdf", {"pdftotext", "-q"}, kRounds},
    {".zip", {"7zz", "t", "-p"}, kRounds},
    {".docx",
     {"soffice", "--headless", "--convert-to", "txt", "--outdir", "/tmp/bench_extract"},
     1},
};

// Negative when the program is not there or fails.
double RunOnce(const Opponent& opponent, const std::string& file) {
  std::vector<std::string> words = opponent.command;
  words.push_back(file);
  if (opponent.extension == ".pdf") words.emplace_back("-");
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const auto start = steady_clock::now();
  pid_t pid = 0;
  int status = -1;
  if (::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) == 0) {
    ::waitpid(pid, &status, 0);
  }
  posix_spawn_file_actions_destroy(&actions);
  return status == 0 ? Millis(steady_clock::now() - start).count() : -1;
}

double Inspect(inspect::InspectorPool& pool, const std::string& file) {
  inspect::Inspection inspection;
  inspection.name = std::filesystem::path(file).filename();
  inspection.content.Reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  inspection.today = "2027-01-01";
  inspection.deadline = steady_clock::now() + std::chrono::seconds(30);
  auto promise = std::make_shared<std::promise<void>>();
  const auto start = steady_clock::now();
  pool.Inspect(std::move(inspection),
               [promise](const v1::InspectReport&) { promise->set_value(); });
  promise->get_future().wait();
  return Millis(steady_clock::now() - start).count();
}

struct Row {
  std::string file;
  double ours_ms = 0;
  double theirs_ms = 0;
  [[nodiscard]] double ratio() const { return ours_ms / theirs_ms; }
};

void Compare(inspect::InspectorPool& pool, const Opponent& opponent,
             const std::vector<std::string>& files) {
  std::vector<Row> rows;
  int left_out = 0;
  for (const std::string& file : files) {
    if (std::filesystem::path(file).extension() != opponent.extension) continue;
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int i = 0; i < opponent.rounds; ++i) {
      theirs.push_back(RunOnce(opponent, file));
      if (theirs.back() < 0) break;
      ours.push_back(Inspect(pool, file));
    }
    if (theirs.back() < 0) {
      ++left_out;
    } else {
      rows.push_back({file, benchmarks::Median(ours), benchmarks::Median(theirs)});
    }
  }
  if (rows.empty()) {
    fmt::print("{}: nothing to compare ({} left out)\n", opponent.command[0], left_out);
    return;
  }
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return a.ratio() > b.ratio(); });
  double ours_ms = 0;
  double theirs_ms = 0;
  for (const Row& row : rows) {
    ours_ms += row.ours_ms;
    theirs_ms += row.theirs_ms;
  }
  fmt::print(
      "{:<10} {:4} files: sum {:8.1f} ms to {:8.1f} ms = {:.2f} x, median {:.2f} x, {} left out\n",
      opponent.command[0], rows.size(), ours_ms, theirs_ms, ours_ms / theirs_ms,
      rows[rows.size() / 2].ratio(), left_out);
  for (size_t i = 0; i < std::min<size_t>(rows.size(), 5); ++i) {
    fmt::print("   {:.2f} x  {:8.1f} ms  {}\n", rows[i].ratio(), rows[i].ours_ms, rows[i].file);
  }
}

int RunBench(const std::string& folder) {
  const auto packs = rules::ReadPacks(SHOUMI_PACKS_DIR);
  if (!packs.ok()) return 1;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  boost::asio::io_context io(1);
  auto guard = boost::asio::make_work_guard(io);
  inspect::PoolOptions options;
  options.program = SHOUMI_BIN_DIR "/shoumi-inspect";
  options.workers_max = 1;
  auto pool = inspect::InspectorPool::Start(io, options, {*packs, {}});
  if (!pool.ok()) {
    fmt::print(stderr, "{}\n", pool.status().ToString());
    return 1;
  }
  std::thread thread([&] { io.run(); });
  for (const Opponent& opponent : kOpponents) Compare(**pool, opponent, files);
  pool->reset();
  guard.reset();
  thread.join();
  return 0;
}

}  // namespace
}  // namespace shoumi

int main(int argc, char** argv) {
  shoumi::SetUpLogging("bench_extract", "off", false);
  if (argc != 2) {
    fmt::print(stderr, "usage: bench_extract FOLDER\n");
    return 2;
  }
  return shoumi::RunBench(argv[1]);
}
