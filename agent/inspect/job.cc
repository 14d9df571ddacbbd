#include "agent/inspect/job.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "agent/inspect/wire/frame.h"

namespace shoumi::inspect {
namespace {

// Kept back from the time that is left, for the way back and the decision.
constexpr std::chrono::milliseconds kReserveMin{10};
constexpr std::chrono::milliseconds kReserveMax{200};
constexpr int kReserveShare = 10;  // one tenth

uint32_t BudgetMs(std::chrono::steady_clock::duration left) {
  const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(left);
  const auto reserve = std::clamp(whole / kReserveShare, kReserveMin, kReserveMax);
  const auto budget = std::max(whole - reserve, std::chrono::milliseconds(1));
  return static_cast<uint32_t>(std::min<int64_t>(budget.count(), UINT32_MAX));
}

absl::StatusOr<UniqueFd> ShareText(std::string_view text) {
  UniqueFd memory(::memfd_create("inspected text", MFD_CLOEXEC));
  if (!memory) return ErrnoStatus(errno, "memfd_create");
  if (auto status = WriteAll(memory.get(), text); !status.ok()) return status;
  return memory;
}

}  // namespace

absl::StatusOr<OutgoingRequest> MakeRequest(Job& job, std::chrono::steady_clock::time_point now) {
  v1::InspectRequest request;
  OutgoingRequest outgoing;
  request.set_id(job.id);
  request.set_name(job.what.name.substr(0, kNameBytesMax));
  request.set_budget_ms(BudgetMs(job.what.deadline - now));
  request.set_today(job.what.today);
  request.set_explain(job.what.explain);
  request.set_show_text(job.what.text_out.ok());
  outgoing.text_out = std::move(job.what.text_out);
  if (job.what.content.ok()) {
    outgoing.content = std::move(job.what.content);
  } else if (job.what.text.size() <= kInlineTextBytesMax) {
    request.set_text(std::move(job.what.text));
  } else {
    auto memory = ShareText(job.what.text);
    if (!memory.ok()) return memory.status();
    outgoing.content = *std::move(memory);
    job.what.text.clear();
    job.what.text.shrink_to_fit();
  }
  outgoing.frame = EncodeFrame(request);
  return outgoing;
}

v1::InspectReport UnscannedReport(uint64_t id, v1::UnscannedReason reason, std::string detail) {
  v1::InspectReport report;
  report.set_id(id);
  report.set_level(v1::LEVEL_NONE);
  v1::Unscanned* unscanned = report.add_unscanned();
  unscanned->set_reason(reason);
  unscanned->set_detail(std::move(detail));
  return report;
}

}  // namespace shoumi::inspect
