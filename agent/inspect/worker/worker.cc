#include "agent/inspect/worker/worker.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "agent/inspect/extract/extract.h"
#include "agent/inspect/report_check.h"
#include "agent/inspect/wire/frame.h"
#include "agent/inspect/worker/last_words.h"
#include "agent/inspect/worker/part_feed.h"
#include "common/crypto/crypto.h"
#include "common/fd.h"

namespace shoumi::inspect {
namespace {

using std::chrono::steady_clock;

uint64_t PeakResidentBytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

uint64_t CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
}

bool IsRegularFile(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static_assert(rules::kValueKeysMax == kValueKeysMax, "what is sent is what is taken");

rules::ScanOptions OptionsFor(const v1::InspectRequest& request, const v1::InspectLimits& limits,
                              const std::optional<registry::SipKey>& value_key) {
  rules::ScanOptions options;
  options.value_key = value_key;
  options.today = request.today();
  options.explain = request.explain();
  if (limits.matches_per_finding_max() != 0) {
    options.matches_per_finding_max = limits.matches_per_finding_max();
  }
  return options;
}

v1::InspectReport OutOfMemoryReport(uint64_t id) {
  v1::InspectReport report;
  report.set_id(id);
  report.set_level(v1::LEVEL_NONE);
  report.set_retire(true);
  v1::Unscanned* unscanned = report.add_unscanned();
  unscanned->set_reason(v1::UNSCANNED_REASON_OVERSIZE);
  unscanned->set_detail("worker_memory_bytes_max");
  return report;
}

void TakeResult(rules::ScanResult result, v1::InspectReport& report) {
  for (v1::Finding& finding : result.findings) *report.add_findings() = std::move(finding);
  for (v1::RejectedCandidate& one : result.rejected) {
    if (report.rejected_size() == kReportRejectedMax) break;
    *report.add_rejected() = std::move(one);
  }
  report.set_level(result.level);
  report.set_declassified(result.declassified);
}

// True when the worker is as good as new afterwards.
bool Extract(const v1::InspectRequest& request, const UniqueFd& content,
             const v1::InspectLimits& limits, steady_clock::time_point deadline, PartFeed& feed,
             v1::InspectReport& report) {
  if (content.ok() && !IsRegularFile(content.get())) {
    feed.Unscanned("", v1::UNSCANNED_REASON_UNSUPPORTED, "not a regular file");
    return true;
  }
  const auto source = content.ok() ? MakeFdSource(content.get()) : MakeMemorySource(request.text());
  Context context(LimitsFrom(limits), feed, deadline);
  bool intact = true;
  try {
    ExtractDocument(request.name(), *source, context);
  } catch (const std::bad_alloc&) {
    feed.Unscanned("", v1::UNSCANNED_REASON_OVERSIZE, "worker_memory_bytes_max");
    intact = false;
  } catch (const std::exception&) {
    feed.Unscanned("", v1::UNSCANNED_REASON_CORRUPT, "unexpected exception");
    intact = false;
  }
  report.set_media_type(context.media_type);
  report.set_bytes_read(context.bytes_read);
  return intact;
}

// What incidents and requests for release know the content by. What is clean needs none.
void AddDigest(const v1::InspectRequest& request, const UniqueFd& content,
               steady_clock::time_point deadline, v1::InspectReport& report) {
  if (report.findings().empty() && report.unscanned().empty()) return;
  if (!content.ok()) {
    report.set_content_sha256(crypto::Sha256Hex(request.text()));
  } else if (auto digest = crypto::Sha256HexOfFile(content.get(), deadline); digest.ok()) {
    report.set_content_sha256(*std::move(digest));
  }
}

}  // namespace

absl::Status RunWorker(int socket, rules::Scanner& scanner, const v1::InspectLimits& limits,
                       const std::optional<registry::SipKey>& value_key) {
  const uint64_t resident_at_start = PeakResidentBytes();
  for (;;) {
    v1::InspectRequest request;
    std::vector<UniqueFd> fds;
    auto status = ReceiveFrame(socket, kRequestBytesMax, request, &fds);
    if (absl::IsOutOfRange(status)) return absl::OkStatus();
    if (!status.ok()) return status;

    v1::InspectReport report;
    report.set_id(request.id());
    scanner.Begin(OptionsFor(request, limits, value_key));
    PartFeed feed(scanner, report);
    std::optional<TextOut> show;
    if (request.show_text() && !fds.empty()) {
      feed.Show(show.emplace(std::move(fds.back())));
      fds.pop_back();
    }
    const UniqueFd content = fds.empty() ? UniqueFd() : std::move(fds[0]);
    const auto deadline = steady_clock::now() + std::chrono::milliseconds(request.budget_ms());
    bool intact = false;
    {
      const LastWords last_words(EncodeFrame(OutOfMemoryReport(request.id())));
      intact = Extract(request, content, limits, deadline, feed, report);
    }
    feed.Close();
    TakeResult(scanner.Finish(), report);
    AddDigest(request, content, deadline, report);
    report.set_retire(!intact || CpuSeconds() > kWorkerCpuSecondsMax ||
                      PeakResidentBytes() > resident_at_start + kWorkerGrowthBytesMax);
    if (status = SendFrame(socket, report); !status.ok()) return status;
  }
}

}  // namespace shoumi::inspect
