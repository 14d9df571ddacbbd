#include "agent/cli/scan.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "agent/cli/content.h"
#include "agent/cli/file_list.h"
#include "agent/cli/judge.h"
#include "agent/cli/local_inspector.h"
#include "agent/cli/printer.h"
#include "common/ids.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"

namespace shoumi::cli {
namespace {

using std::chrono::steady_clock;

constexpr uint32_t kWorkersMax = 16;
constexpr size_t kAheadPerWorker = 4;  // files in flight while the first of them is waited for
constexpr std::chrono::milliseconds kTick{100};

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

  int Run();

 private:
  bool LoadJudge();
  void ReportList(Printer& printer, const FileList& list);
  Pending Begin(const ListedFile& file);
  void End(Printer& printer, Pending pending);

  const ScanOptions& options_;
  const uint32_t workers_ = std::clamp(std::thread::hardware_concurrency(), 1U, kWorkersMax);
  const std::string today_ =
      options_.today.empty() ? LocalDate(std::chrono::system_clock::now()) : options_.today;
  std::unique_ptr<LocalInspector> inspector_;
  std::optional<Judge> judge_;
  bool failed_ = false;
  bool found_ = false;
};

bool Scan::LoadJudge() {
  if (options_.policy.empty()) return true;
  const v1::InspectorReady ready = inspector_->pool().Ready();
  auto judge = Judge::Load(options_.policy, options_.channel,
                           {ready.detectors().begin(), ready.detectors().end()});
  if (!judge.ok()) {
    fmt::print(stderr, "{}\n", std::string(judge.status().message()));
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
  inspector_->pool().Inspect(std::move(inspection), [promise](v1::InspectReport report) {
    promise->set_value(std::move(report));
  });
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
  inspector_ = LocalInspector::Start(options_.rules, workers_);
  if (inspector_ == nullptr || !LoadJudge()) return kFailed;
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
