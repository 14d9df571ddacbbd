#include "server/ctl/document_files.h"

#include <bit>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "common/terminal/language.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "server/ctl/shoumi_output.h"

namespace shoumi::ctl {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLineBytesMax = 32U << 20;
constexpr uint64_t kFingerprintsMin = 4;  // as the server counts a document as too short
constexpr int kErrors = 2;                // exit status: some files could not be read

bool TakeFingerprints(const std::string& base64, v1::FingerprintedDocument& document) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes;
  if (!absl::Base64Unescape(base64, &bytes) || bytes.size() % sizeof(uint64_t) != 0) return false;
  auto& numbers = *document.mutable_fingerprints();
  numbers.Resize(static_cast<int>(bytes.size() / sizeof(uint64_t)), 0);
  if (!bytes.empty()) std::memcpy(numbers.mutable_data(), bytes.data(), bytes.size());
  return true;
}

absl::Status TakeLine(std::string_view line, const std::vector<std::string>& given,
                      DocumentFiles& files) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return absl::InternalError("shoumi fingerprint printed no JSON");
  const std::string path = json.value("path", "?");
  if (json.contains("error")) {
    files.left_out.push_back({path, json.value("error", "")});
    return absl::OkStatus();
  }
  v1::FingerprintedDocument document;
  document.set_title(TitleOf(path, given));
  document.set_sha256(json.value("sha256", ""));
  document.set_units(json.value("units", uint64_t{0}));
  if (!TakeFingerprints(json.value("fingerprints", ""), document)) {
    return absl::InternalError("shoumi fingerprint printed no fingerprints");
  }
  const std::string reason = json.value("reason", "");
  if (static_cast<uint64_t>(document.fingerprints_size()) < kFingerprintsMin) {
    files.left_out.push_back(
        {path,
         reason.empty() ? Say("too little text to tell it by", "文本过少，无法据以识别") : reason});
    return absl::OkStatus();
  }
  if (!reason.empty()) files.partly.push_back({path, reason});
  files.documents.push_back(std::move(document));
  return absl::OkStatus();
}

}  // namespace

std::string TitleOf(const std::string& path, const std::vector<std::string>& given) {
  for (const std::string& one : given) {
    fs::path root = fs::path(one).lexically_normal();
    if (!root.has_filename()) root = root.parent_path();  // it ended in '/'
    const fs::path below = fs::path(path).lexically_normal().lexically_relative(root);
    if (below.empty() || *below.begin() == "..") continue;
    const fs::path title = below == "." ? root.filename() : root.filename() / below;
    return title.string();
  }
  return path;
}

absl::StatusOr<DocumentFiles> ReadDocuments(const std::vector<std::string>& paths, bool excluded,
                                            const std::function<void(uint64_t)>& progress) {
  std::vector<std::string> arguments = {"fingerprint"};
  if (excluded) arguments.emplace_back("--excluded");
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), paths.begin(), paths.end());
  DocumentFiles files;
  std::string rest;
  uint64_t done = 0;
  const auto exit_status = RunShoumi(arguments, [&](std::string_view out) -> absl::Status {
    rest.append(out);
    size_t start = 0;
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', start)) {
      auto status = TakeLine(std::string_view(rest).substr(start, end - start), paths, files);
      if (!status.ok()) return status;
      progress(++done);
      start = end + 1;
    }
    rest.erase(0, start);
    return rest.size() <= kLineBytesMax
               ? absl::OkStatus()
               : absl::ResourceExhaustedError("shoumi fingerprint printed a line without end");
  });
  if (!exit_status.ok()) return exit_status.status();
  const bool told = *exit_status == 0 || (*exit_status == kErrors && done > 0);
  if (!told) {
    return absl::FailedPreconditionError(
        Say("the documents could not be read; see above", "无法读取文档，见上文"));
  }
  return files;
}

}  // namespace shoumi::ctl
