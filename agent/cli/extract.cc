#include "agent/cli/extract.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "agent/cli/content.h"
#include "agent/cli/file_list.h"
#include "agent/cli/local_inspector.h"
#include "agent/cli/result.h"
#include "agent/inspect/wire/frame.h"
#include "common/fd.h"
#include "common/ids.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "rules/policy/policy.h"

namespace shoumi::cli {
namespace {

using nlohmann::ordered_json;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kAnswerGrace{10};  // behind the deadline of the inspection

void Out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

// Line by line, so that their ends and tabs stay.
std::string ForTerminal(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\n\t"), text.size());
    safe += Printable(text.substr(0, end));
    if (end < text.size()) safe.push_back(text[end]);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return safe;
}

// What one file's text becomes.
class Shown {
 public:
  Shown(bool json, bool terminal) : json_(json), terminal_(terminal) {}

  void Take(const v1::ExtractedPiece& piece) {
    if (piece.has_part()) {
      Begin(piece.part().name());
    } else if (IsUtf8(piece.text())) {  // a worker is not trusted
      Text(piece.text());
    }
  }
  void End() {
    if (!json_ && !at_line_start_) Out("\n");
    at_line_start_ = true;
  }
  [[nodiscard]] bool cut() const { return cut_; }
  [[nodiscard]] ordered_json TakeParts() { return std::move(parts_); }

 private:
  void Begin(const std::string& name) {
    if (json_) {
      parts_.push_back({{"part", name}, {"text", ""}});
      return;
    }
    End();
    Out(fmt::format("-- {}\n", Printable(name)));
  }
  void Text(std::string_view text) {
    if (!json_) {
      Out(terminal_ ? ForTerminal(text) : std::string(text));
      at_line_start_ = text.ends_with('\n');
      return;
    }
    bytes_ += text.size();
    cut_ |= bytes_ > kJsonTextBytesMax;
    if (!cut_ && !parts_.empty()) {
      parts_.back()["text"].get_ref<std::string&>().append(text);
    }
  }

  const bool json_;
  const bool terminal_;
  bool at_line_start_ = true;
  ordered_json parts_ = ordered_json::array();
  uint64_t bytes_ = 0;
  bool cut_ = false;
};

class Extraction {
 public:
  explicit Extraction(const ExtractOptions& options) : options_(options) {}
  int Run();

 private:
  void One(const ListedFile& file, bool headed);
  void Complain(const std::string& text) {
    std::fflush(stdout);
    fmt::print(stderr, "{}\n", text);
  }
  // The answer, while all text that comes before it goes to `shown`.
  v1::InspectReport Inspect(const ListedFile& file, Content content, UniqueFd ours, UniqueFd theirs,
                            Shown& shown);

  const ExtractOptions& options_;
  const bool terminal_ = ::isatty(STDOUT_FILENO) == 1;
  std::unique_ptr<LocalInspector> inspector_;
  bool failed_ = false;
};

v1::InspectReport Extraction::Inspect(const ListedFile& file, Content content, UniqueFd ours,
                                      UniqueFd theirs, Shown& shown) {
  inspect::Inspection inspection;
  if (file.path != "-") inspection.name = std::filesystem::path(file.path).filename().string();
  inspection.content = std::move(content.fd);
  inspection.deadline = steady_clock::now() + std::chrono::seconds(options_.seconds_max);
  inspection.today = LocalDate(std::chrono::system_clock::now());
  inspection.text_out = std::move(theirs);
  const auto end = inspection.deadline + kAnswerGrace;
  auto promise = std::make_shared<std::promise<v1::InspectReport>>();
  std::future<v1::InspectReport> report = promise->get_future();
  inspector_->pool().Inspect(std::move(inspection), [promise](v1::InspectReport answer) {
    promise->set_value(std::move(answer));
  });
  v1::ExtractedPiece piece;
  absl::Status status;
  while (status.ok()) {
    status = inspect::ReceiveFrame(ours.get(), inspect::kPieceBytesMax, piece, nullptr, end);
    if (status.ok()) shown.Take(piece);
  }
  ours.Reset();  // nobody is to wait for a reader that has given up
  v1::InspectReport answer = report.get();
  if (!absl::IsOutOfRange(status)) {
    v1::Unscanned* unscanned = answer.add_unscanned();
    unscanned->set_reason(v1::UNSCANNED_REASON_PARTIAL);
    unscanned->set_detail("the text did not come through whole");
  }
  return answer;
}

void Extraction::One(const ListedFile& file, bool headed) {
  auto content = OpenFile(file);
  int ends[2] = {-1, -1};
  if (content.ok() && ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    content = ErrnoStatus(errno, "socketpair");
  }
  if (!content.ok()) {
    failed_ = true;
    return Complain(fmt::format("shoumi: {}: {}", Printable(file.path), Why(content.status())));
  }
  const bool cut = content->cut;
  if (headed && !options_.json) Out(fmt::format("== {}\n", Printable(file.path)));
  Shown shown(options_.json, terminal_);
  v1::InspectReport report =
      Inspect(file, *std::move(content), UniqueFd(ends[0]), UniqueFd(ends[1]), shown);
  shown.End();
  if (cut || shown.cut()) {
    v1::Unscanned* unscanned = report.add_unscanned();
    unscanned->set_reason(v1::UNSCANNED_REASON_OVERSIZE);
    unscanned->set_detail(
        cut ? fmt::format("standard input beyond {} bytes", kStandardInputBytesMax)
            : fmt::format("text beyond {} bytes", kJsonTextBytesMax));
  }
  failed_ |= !report.unscanned().empty();
  if (options_.json) {
    const FileResult result{file.path, file.in_folder, std::move(report), std::nullopt};
    ordered_json json = ToJson(result, false);
    for (const char* key : {"level", "declassified", "findings"}) json.erase(key);
    json["parts"] = shown.TakeParts();
    Out(json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  } else {
    for (const v1::Unscanned& one : report.unscanned()) {
      const std::string part = one.part().empty() ? "" : Printable(one.part()) + ": ";
      Complain(fmt::format("shoumi: {}: {}{} ({})", Printable(file.path), part,
                           ReasonText(one.reason()), Printable(one.detail())));
    }
  }
  std::fflush(stdout);
}

int Extraction::Run() {
  constexpr int kFailed = 2;
  inspector_ = LocalInspector::Start("", 1);
  if (inspector_ == nullptr) return kFailed;
  const FileList list = ListFiles(options_.paths);
  for (const std::string& error : list.errors) Complain(fmt::format("shoumi: {}", error));
  for (const std::string& skipped : list.skipped) {
    Complain(fmt::format("{}: {}", Say("skipped", "跳过"), skipped));
  }
  failed_ |= !list.errors.empty();
  for (const ListedFile& file : list.files) One(file, list.files.size() > 1);
  return failed_ ? kFailed : 0;
}

}  // namespace

int RunExtract(const ExtractOptions& options) {
  return Extraction(options).Run();
}

}  // namespace shoumi::cli
