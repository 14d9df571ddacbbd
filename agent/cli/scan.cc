#include "agent/cli/scan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "agent/cli/file_list.h"
#include "agent/cli/judge.h"
#include "agent/cli/printer.h"
#include "agent/inspect/inspector_pool.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "common/fd.h"
#include "common/ids.h"
#include "common/installation.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"
#include "rules/engine/database.h"
#include "rules/policy/policy.h"

namespace shoumi::cli {
namespace {

using std::chrono::steady_clock;

constexpr uint32_t kWorkersMax = 16;
constexpr size_t kAheadPerWorker = 4;  // files in flight while the first of them is waited for
constexpr std::chrono::milliseconds kTick{100};

struct Content {
  UniqueFd fd;
  bool cut = false;  // more was there than kStandardInputBytesMax
};

// Standard input may be a pipe; workers read at offsets.
absl::StatusOr<Content> ReadStandardInput() {
  Content content{UniqueFd(::memfd_create("standard input", MFD_CLOEXEC)), false};
  if (!content.fd) return ErrnoStatus(errno, "memfd_create");
  std::string block(256 << 10, '\0');
  uint64_t total = 0;
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "read");
    if (got == 0) return content;
    const auto take = std::min(static_cast<uint64_t>(got), kStandardInputBytesMax - total);
    total += take;
    auto status = WriteAll(content.fd.get(), std::string_view(block).substr(0, take));
    if (!status.ok()) return status;
    if (take < static_cast<uint64_t>(got)) {
      content.cut = true;
      return content;
    }
  }
}

// Never waits for the other end of a pipe that took the place of a listed file.
absl::StatusOr<Content> OpenFile(const ListedFile& file) {
  if (file.path == "-") return ReadStandardInput();
  const int follow = file.in_folder ? O_NOFOLLOW : 0;
  Content content{
      UniqueFd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow)),
      false};
  if (!content.fd) return ErrnoStatus(errno, "open");
  struct stat status {};
  if (::fstat(content.fd.get(), &status) != 0) return ErrnoStatus(errno, "fstat");
  if (!S_ISREG(status.st_mode)) return absl::FailedPreconditionError("not a regular file");
  return content;
}

// The last words of "what: why".
std::string Why(const absl::Status& status) {
  const std::string text(status.message());
  const size_t colon = text.find(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

// A file on its way through the pool.
struct Pending {
  ListedFile file;
  bool cut = false;
  absl::Status opened;
  std::future<v1::InspectReport> report;
};

class Scan {
 public:
  explicit Scan(const ScanOptions& options) : options_(options) {}
  ~Scan() {
    pool_.reset();
    guard_.reset();
    if (io_thread_.joinable()) io_thread_.join();
  }
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  int Run();

 private:
  bool StartPool();
  bool LoadJudge();
  void ReportList(Printer& printer, const FileList& list);
  Pending Begin(const ListedFile& file);
  void End(Printer& printer, Pending pending);

  const ScanOptions& options_;
  const uint32_t workers_ = std::clamp(std::thread::hardware_concurrency(), 1U, kWorkersMax);
  const std::string today_ =
      options_.today.empty() ? LocalDate(std::chrono::system_clock::now()) : options_.today;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
      io_.get_executor()};
  std::thread io_thread_;
  std::unique_ptr<inspect::InspectorPool> pool_;
  std::optional<Judge> judge_;
  bool failed_ = false;
  bool found_ = false;
};

void Complain(std::string_view text) {
  fmt::print(stderr, "{}\n", text);
}

bool Scan::StartPool() {
  const std::string folder = options_.packs.empty() ? ShippedPacks() : options_.packs;
  if (folder.empty()) {
    Complain(Say("shoumi: no rule packs are installed; name a folder with --packs",
                 "shoumi：未安装规则包；请用 --packs 指定文件夹"));
    return false;
  }
  const auto packs = rules::ReadPacks(folder);
  if (!packs.ok()) {
    Complain(fmt::format("shoumi: {}", Printable(std::string(packs.status().message()))));
    return false;
  }
  inspect::PoolOptions options;
  options.program = InspectProgram();
  options.workers_max = workers_;
  auto pool = inspect::InspectorPool::Start(io_, options, *packs);
  if (!pool.ok()) {
    const bool broken = absl::IsInvalidArgument(pool.status());
    Complain(fmt::format("{}{}", broken ? "" : "shoumi: ", std::string(pool.status().message())));
    return false;
  }
  pool_ = *std::move(pool);
  const v1::InspectorReady ready = pool_->Ready();
  for (const v1::PackProblem& warning : ready.problems()) {
    Complain(rules::FormatProblem(warning));
  }
  io_thread_ = std::thread([this] { io_.run(); });
  return true;
}

bool Scan::LoadJudge() {
  if (options_.policy.empty()) return true;
  const v1::InspectorReady ready = pool_->Ready();
  auto judge = Judge::Load(options_.policy, options_.channel,
                           {ready.detectors().begin(), ready.detectors().end()});
  if (!judge.ok()) {
    Complain(std::string(judge.status().message()));
    return false;
  }
  judge_ = *std::move(judge);
  return true;
}

void Scan::ReportList(Printer& printer, const FileList& list) {
  for (const std::string& error : list.errors) {
    printer.Message(fmt::format("shoumi: {}", error));
    failed_ = true;
  }
  for (const std::string& skipped : list.skipped) {
    printer.Message(fmt::format("{}: {}", Say("skipped", "跳过"), skipped));
  }
  if (list.links != 0) {
    printer.Message(fmt::format(
        fmt::runtime(Say("{} symbolic links not followed", "未跟随 {} 个符号链接")), list.links));
  }
}

Pending Scan::Begin(const ListedFile& file) {
  Pending pending{file, false, absl::OkStatus(), {}};
  auto content = OpenFile(file);
  if (!content.ok()) {
    pending.opened = content.status();
    return pending;
  }
  pending.cut = content->cut;
  auto promise = std::make_shared<std::promise<v1::InspectReport>>();
  pending.report = promise->get_future();
  inspect::Inspection inspection;
  if (file.path != "-") inspection.name = std::filesystem::path(file.path).filename().string();
  inspection.content = std::move(content->fd);
  inspection.deadline = steady_clock::now() + std::chrono::seconds(options_.seconds_max);
  inspection.today = today_;
  inspection.explain = options_.explain;
  pool_->Inspect(std::move(inspection),
                 [promise](v1::InspectReport report) { promise->set_value(std::move(report)); });
  return pending;
}

void Scan::End(Printer& printer, Pending pending) {
  if (!pending.opened.ok()) {
    failed_ = true;
    return printer.Message(
        fmt::format("shoumi: {}: {}", Printable(pending.file.path), Why(pending.opened)));
  }
  while (pending.report.wait_for(kTick) != std::future_status::ready) printer.Tick();
  FileResult result{pending.file.path, pending.file.in_folder, pending.report.get(), std::nullopt};
  if (pending.cut) {
    v1::Unscanned* unscanned = result.report.add_unscanned();
    unscanned->set_reason(v1::UNSCANNED_REASON_OVERSIZE);
    unscanned->set_detail(fmt::format("standard input beyond {} bytes", kStandardInputBytesMax));
  }
  if (judge_) result.verdict = judge_->Verdict(result.path, result.report);
  const Status status = StatusOf(result.report);
  if (status == Status::kMatch) found_ = true;
  if (status == Status::kUnscanned) failed_ = true;
  printer.Result(result);
}

int Scan::Run() {
  constexpr int kFailed = 2;
  if (!StartPool() || !LoadJudge()) return kFailed;
  const FileList list = ListFiles(options_.paths);
  const bool folders = std::any_of(list.files.begin(), list.files.end(),
                                   [](const ListedFile& file) { return file.in_folder; });
  Printer printer({options_.json, options_.explain, folders, list.files.size()});
  ReportList(printer, list);
  std::deque<Pending> ahead;
  for (const ListedFile& file : list.files) {
    ahead.push_back(Begin(file));
    if (ahead.size() < workers_ * kAheadPerWorker) continue;
    End(printer, std::move(ahead.front()));
    ahead.pop_front();
  }
  while (!ahead.empty()) {
    End(printer, std::move(ahead.front()));
    ahead.pop_front();
  }
  if (list.files.size() > 1) printer.Summary();
  if (found_) return 1;
  return failed_ ? kFailed : 0;
}

}  // namespace

int RunScan(const ScanOptions& options) {
  return Scan(options).Run();
}

}  // namespace shoumi::cli
