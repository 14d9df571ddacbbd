// Every file of the development corpora that lie beside the sources: none crashes, hangs or eats
// memory, each ends as text or with a named reason. Prints what became of them.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/inspect/extract/testing/recording_sink.h"
#include "common/fd.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

constexpr unsigned kSecondsMax = 10;
constexpr int64_t kResidentKibMax = 512 << 10;

// The outcome in one line: "clean", "text" or the reasons.
std::string OutcomeOf(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return "unreadable";
  const auto source = MakeFdSource(fd.get());
  RecordingSink sink(false);
  Context context(Limits(), sink,
                  std::chrono::steady_clock::now() + std::chrono::seconds(kSecondsMax));
  ExtractDocument("", *source, context);
  if (!sink.broken.empty()) return "broken: " + sink.broken;
  std::set<std::string> reasons;
  for (const auto& gap : sink.gaps) {
    reasons.insert(v1::UnscannedReason_Name(gap.reason).substr(sizeof("UNSCANNED_REASON_") - 1));
  }
  std::string outcome = sink.text_bytes > 0 ? "text" : "no text";
  for (const std::string& reason : reasons) outcome += " " + reason;
  return outcome;
}

struct Trial {
  std::string outcome;
  int64_t resident_kib = 0;
  double cpu_s = 0;
};

// In a process of its own, so that one crash is counted and the rest goes on.
Trial Try(const std::string& path) {
  int ends[2];
  if (::pipe(ends) != 0) return {"no pipe"};
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    ::alarm(kSecondsMax);
    const std::string outcome = OutcomeOf(path);
    ::_exit(::write(ends[1], outcome.data(), outcome.size()) < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  Trial trial;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(ends[0], buffer, sizeof(buffer))) > 0) {
    trial.outcome.append(buffer, static_cast<size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  struct rusage usage = {};
  ::wait4(child, &status, 0, &usage);
  trial.resident_kib = usage.ru_maxrss;
  trial.cpu_s = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  if (WIFSIGNALED(status)) trial.outcome = fmt::format("crash: signal {}", WTERMSIG(status));
  return trial;
}

TEST(Corpora, EveryFileEndsAsTextOrWithANamedReason) {
  const std::filesystem::path root =
      std::filesystem::path(SHOUMI_SOURCE_DIR).parent_path() / "shared" / "corpora";
  if (!std::filesystem::exists(root)) {
    GTEST_SKIP() << "the development corpora are not beside the sources";
  }
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  std::map<std::string, int> outcomes;
  int64_t resident_kib = 0;
  double slowest_s = 0;
  for (const std::string& file : files) {
    const Trial trial = Try(file);
    ++outcomes[trial.outcome];
    resident_kib = std::max(resident_kib, trial.resident_kib);
    slowest_s = std::max(slowest_s, trial.cpu_s);
    EXPECT_TRUE(trial.outcome.starts_with("text") || trial.outcome.starts_with("no text"))
        << file << ": " << trial.outcome;
    EXPECT_LE(trial.resident_kib, kResidentKibMax) << file;
    // Nothing may be without text and without a reason, but for files that hold nothing.
    if (trial.outcome == "no text" && std::filesystem::file_size(file) > 0) {
      ++outcomes["of these, not empty"];
      if (::getenv("SHOUMI_LIST_EMPTY") != nullptr) fmt::print("no text: {}\n", file);
    }
  }
  fmt::print("{} files, at most {} MiB resident, at most {:.2f} s of CPU\n", files.size(),
             resident_kib >> 10, slowest_s);
  for (const auto& [outcome, count] : outcomes) fmt::print("{:6} {}\n", count, outcome);
}

}  // namespace
}  // namespace shoumi::inspect
