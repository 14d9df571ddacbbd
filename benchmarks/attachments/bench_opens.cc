// How long open(2) takes, each of many files in turn: one line for the first round and one for
// those after it, of nanoseconds at the median, at the 99th percentile, at most, and how many.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"

namespace {

using Clock = std::chrono::steady_clock;

std::vector<uint32_t> OpenAll(const std::vector<std::string>& files, uint64_t rounds) {
  std::vector<uint32_t> times;
  times.reserve(files.size() * rounds);
  for (uint64_t round = 0; round < rounds; ++round) {
    for (const std::string& file : files) {
      const auto start = Clock::now();
      const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
      const auto end = Clock::now();
      if (fd < 0) {
        std::perror(file.c_str());
        std::exit(1);
      }
      ::close(fd);
      times.push_back(static_cast<uint32_t>(std::min<int64_t>(
          UINT32_MAX, std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count())));
    }
  }
  return times;
}

void Print(const char* what, std::vector<uint32_t> times) {
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  std::puts(fmt::format("{} {} {} {} {}", what, times[times.size() / 2],
                        times[times.size() * 99 / 100], times.back(), times.size())
                .c_str());
}

int Run(int argc, char** argv) {
  std::string folder;
  uint64_t rounds = 1;
  uint32_t threads = 1;
  CLI::App app{"Times open(2) of each file of a folder"};
  app.add_option("folder", folder)->required();
  app.add_option("--rounds", rounds, "After the first");
  app.add_option("--threads", threads, "At the same time, each over all files");
  CLI11_PARSE(app, argc, argv);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  Print("first", OpenAll(files, 1));
  std::vector<std::vector<uint32_t>> of_threads(threads);
  std::vector<std::thread> running;
  running.reserve(of_threads.size());
  for (auto& times : of_threads) {
    running.emplace_back([&times, &files, rounds] { times = OpenAll(files, rounds); });
  }
  std::vector<uint32_t> all;
  for (uint32_t i = 0; i < threads; ++i) {
    running[i].join();
    all.insert(all.end(), of_threads[i].begin(), of_threads[i].end());
  }
  Print("later", std::move(all));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    return 1;
  }
}
