#include "agent/cli/fingerprint_command.h"

#include <bit>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/escaping.h"
#include "agent/cli/content.h"
#include "agent/cli/document_text.h"
#include "agent/cli/file_list.h"
#include "agent/cli/local_inspector.h"
#include "agent/cli/result.h"
#include "common/crypto/crypto.h"
#include "common/terminal/command_line.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"

namespace shoumi::cli {
namespace {

using nlohmann::ordered_json;

constexpr int kSecondsMax = 3600;
constexpr int kFailed = 2;

struct Options {
  std::vector<std::string> paths;
  bool excluded = false;
  uint32_t seconds_max = 60;
};

// Numbers of 64 bits, little-endian, in base64 (RFC 4648, 4).
std::string InBase64(const std::vector<uint64_t>& numbers) {
  static_assert(std::endian::native == std::endian::little);
  return absl::Base64Escape(
      {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(uint64_t)});
}

absl::StatusOr<std::string> DigestOf(const ListedFile& file) {
  const auto content = OpenFile(file);
  if (!content.ok()) return content.status();
  return crypto::Sha256HexOfFile(content->fd.get());
}

int Run(const Options& options) {
  const auto inspector = LocalInspector::Start({}, 1);
  if (inspector == nullptr) return kFailed;
  const auto kind = options.excluded ? v1::COLLECTION_KIND_EXCLUDED : v1::COLLECTION_KIND_PROTECTED;
  const FileList list = ListFiles(options.paths);
  bool failed = !list.errors.empty();
  for (const std::string& error : list.errors) fmt::print(stderr, "shoumi: {}\n", error);
  for (const ListedFile& file : list.files) {
    auto print = PrintOf(inspector->pool(), file, kind, options.seconds_max);
    const auto digest = print.ok() ? DigestOf(file) : print.status();
    ordered_json json = {{"path", file.path}};
    if (!IsUtf8(file.path)) json["path_bytes"] = absl::Base64Escape(file.path);
    if (digest.ok()) {
      json["reason"] = ReasonOf(print->report);
      json["sha256"] = *digest;
      json["units"] = print->units;
      json["fingerprints"] = InBase64(print->fingerprints);
    } else {
      json["error"] = Why(digest.status());
    }
    failed |= !digest.ok();
    const std::string line =
        json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
  }
  return failed ? kFailed : 0;
}

}  // namespace

void AddFingerprint(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* fingerprint = app.add_subcommand(
      "fingerprint", Say("Print what documents are registered with, never their text",
                         "输出用于登记文档的指纹，不含文档文本"));
  fingerprint->add_option("PATH", options->paths, Say("Files and folders", "文件和文件夹"))
      ->required();
  fingerprint->add_flag("--excluded", options->excluded,
                        Say("As documents whose text is not to be found elsewhere",
                            "作为排除文档：其文本在别处出现时不计"));
  fingerprint
      ->add_option("--timeout", options->seconds_max,
                   Say("Seconds for one file", "每个文件的秒数上限"))
      ->type_name("SECONDS")
      ->check(InRange(1, kSecondsMax))
      ->capture_default_str();
  fingerprint->footer(Say(R"(OUTPUT
  One JSON object per file:
  path, path_bytes   as with "shoumi scan"
  reason             why something of it was not read; empty: all was
  sha256             of the file
  units              words and Han characters
  fingerprints       numbers of 64 bits, little-endian, in base64; not keyed
  error              instead of the last four: why it could not be read at all

EXIT STATUS
  0  all files have fingerprints
  2  error)",
                          R"(输出
  每个文件一个 JSON 对象：
  path、path_bytes   与 "shoumi scan" 相同
  reason             未能读取部分内容的原因；为空表示已全部读取
  sha256             文件的摘要
  units              词数与汉字数
  fingerprints       64 位小端整数，base64 编码；未加密钥
  error              无法读取时代替以上四项：原因

退出码
  0  所有文件均有指纹
  2  出错)"));
  fingerprint->callback([options, &exit_status] { exit_status = Run(*options); });
}

}  // namespace shoumi::cli
