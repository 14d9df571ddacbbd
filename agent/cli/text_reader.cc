#include "agent/cli/text_reader.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <utility>

#include "agent/inspect/wire/frame.h"
#include "common/fd.h"
#include "common/ids.h"
#include "common/terminal/text.h"
#include "fmt/format.h"

namespace shoumi::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kAnswerGrace{10};  // behind the deadline of the inspection

void AddUnscanned(v1::InspectReport& report, v1::UnscannedReason reason, std::string detail) {
  v1::Unscanned* unscanned = report.add_unscanned();
  unscanned->set_reason(reason);
  unscanned->set_detail(std::move(detail));
}

}  // namespace

absl::StatusOr<v1::InspectReport> ReadText(
    inspect::InspectorPool& pool, const ListedFile& file, uint32_t seconds_max,
    const std::function<void(const v1::ExtractedPiece&)>& take) {
  auto content = OpenFile(file);
  if (!content.ok()) return content.status();
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus(errno, "socketpair");
  }
  UniqueFd ours(ends[0]);
  inspect::Inspection inspection;
  inspection.text_out.Reset(ends[1]);
  if (file.path != "-") inspection.name = std::filesystem::path(file.path).filename().string();
  inspection.content = std::move(content->fd);
  inspection.deadline = steady_clock::now() + std::chrono::seconds(seconds_max);
  inspection.today = LocalDate(std::chrono::system_clock::now());
  const auto end = inspection.deadline + kAnswerGrace;
  auto promise = std::make_shared<std::promise<v1::InspectReport>>();
  std::future<v1::InspectReport> report = promise->get_future();
  pool.Inspect(std::move(inspection),
               [promise](v1::InspectReport answer) { promise->set_value(std::move(answer)); });
  v1::ExtractedPiece piece;
  absl::Status status;
  while (status.ok()) {
    status = inspect::ReceiveFrame(ours.get(), inspect::kPieceBytesMax, piece, nullptr, end);
    // A worker is not trusted.
    if (status.ok() && (piece.has_part() || IsUtf8(piece.text()))) take(piece);
  }
  ours.Reset();  // nobody is to wait for a reader that has given up
  v1::InspectReport answer = report.get();
  if (!absl::IsOutOfRange(status)) {
    AddUnscanned(answer, v1::UNSCANNED_REASON_PARTIAL, "the text did not come through whole");
  }
  if (content->cut) {
    AddUnscanned(answer, v1::UNSCANNED_REASON_OVERSIZE,
                 fmt::format("standard input beyond {} bytes", kStandardInputBytesMax));
  }
  return answer;
}

}  // namespace shoumi::cli
