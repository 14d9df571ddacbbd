#include "agent/cli/extract.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "agent/cli/content.h"
#include "agent/cli/file_list.h"
#include "agent/cli/local_inspector.h"
#include "agent/cli/result.h"
#include "agent/cli/text_reader.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "rules/policy/policy.h"

namespace shoumi::cli {
namespace {

using nlohmann::ordered_json;

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
    } else {
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

  const ExtractOptions& options_;
  const bool terminal_ = ::isatty(STDOUT_FILENO) == 1;
  std::unique_ptr<LocalInspector> inspector_;
  bool failed_ = false;
};

void Extraction::One(const ListedFile& file, bool headed) {
  if (headed && !options_.json) Out(fmt::format("== {}\n", Printable(file.path)));
  Shown shown(options_.json, terminal_);
  auto read = ReadText(inspector_->pool(), file, options_.seconds_max,
                       [&shown](const v1::ExtractedPiece& piece) { shown.Take(piece); });
  if (!read.ok()) {
    failed_ = true;
    return Complain(fmt::format("shoumi: {}: {}", Printable(file.path), Why(read.status())));
  }
  v1::InspectReport& report = *read;
  shown.End();
  if (shown.cut()) {
    v1::Unscanned* unscanned = report.add_unscanned();
    unscanned->set_reason(v1::UNSCANNED_REASON_OVERSIZE);
    unscanned->set_detail(fmt::format("text beyond {} bytes", kJsonTextBytesMax));
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
  inspector_ = LocalInspector::Start({}, 1);
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
