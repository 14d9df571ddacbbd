// Every file of the development corpora through the real worker (F3): none crashes it, hangs or
// eats memory, each ends clean, with findings or with a named reason. Prints what became of them.
// SHOUMI_CORPORA names the folder where it is not beside the sources.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/inspect/testing/real_pool.h"
#include "common/fd.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

constexpr std::chrono::seconds kTimeMax(10);
constexpr uint64_t kResidentKibMax = 512 << 10;

std::filesystem::path CorporaFolder() {
  const char* const named = std::getenv("SHOUMI_CORPORA");
  return named != nullptr
             ? std::filesystem::path(named)
             : std::filesystem::path(SHOUMI_SOURCE_DIR).parent_path() / "shared" / "corpora";
}

std::vector<std::string> FilesBelow(const std::filesystem::path& root) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

using Corpora = RealPoolTest;

TEST_F(Corpora, EveryFileEndsCleanOrWithFindingsOrWithANamedReason) {
  const std::filesystem::path root = CorporaFolder();
  if (!std::filesystem::exists(root)) {
    GTEST_SKIP() << "the development corpora are not beside the sources";
  }
  PoolOptions options;
  options.workers_max = 1;
  Start(options);
  InspectText("warm", "up");
  PeakMemory peak(ChildrenOf(::getpid()).at(0));
  const std::vector<std::string> files = FilesBelow(root);
  std::map<std::string, int> outcomes;
  std::map<std::string, int> reasons;
  double slowest_s = 0;
  for (const std::string& file : files) {
    Inspection inspection;
    inspection.name = std::filesystem::path(file).filename();
    inspection.content.Reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(inspection.content.ok()) << file;
    const auto start = std::chrono::steady_clock::now();
    const v1::InspectReport report = Inspect(std::move(inspection), kTimeMax);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    slowest_s = std::max(slowest_s, took.count());
    std::set<v1::UnscannedReason> named;
    for (const v1::Unscanned& one : report.unscanned()) named.insert(one.reason());
    for (const v1::UnscannedReason reason : named) ++reasons[ShortName(reason)];
    ++outcomes[report.findings_size() > 0 ? (named.empty() ? "match" : "match, not wholly read")
                                          : (named.empty() ? "clean" : "not wholly read")];
    EXPECT_FALSE(named.contains(v1::UNSCANNED_REASON_CRASHED)) << file;
    EXPECT_FALSE(named.contains(v1::UNSCANNED_REASON_TIMEOUT)) << file;
    EXPECT_LE(took, kTimeMax) << file;
  }
  EXPECT_LE(peak.Kib(), kResidentKibMax);
  EXPECT_EQ(pool_->stats().replaced, 0U);
  fmt::print("{} files, at most {} MiB resident, the slowest {:.2f} s\n", files.size(),
             peak.Kib() >> 10, slowest_s);
  for (const auto& [outcome, count] : outcomes) fmt::print("{:6} {}\n", count, outcome);
  fmt::print("files by reason (one file may have several):\n");
  for (const auto& [reason, count] : reasons) fmt::print("{:6} {}\n", count, reason);
}

}  // namespace
}  // namespace shoumi::inspect
