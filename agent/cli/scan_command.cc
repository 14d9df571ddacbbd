#include "agent/cli/scan_command.h"

#include <memory>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_join.h"
#include "agent/cli/judge.h"
#include "agent/cli/scan.h"
#include "common/terminal/command_line.h"
#include "common/terminal/language.h"
#include "rules/engine/text/dates.h"

namespace shoumi::cli {
namespace {

constexpr int kSecondsMax = 3600;

// CLI11's form: what is wrong with the word, or nothing.
std::string NotADate(const std::string& word) {
  if (rules::ParseIsoDate(word)) return "";
  return word + Say(" is no date; write YYYY-MM-DD", " 不是日期；请写成 YYYY-MM-DD");
}

}  // namespace

void AddScan(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<ScanOptions>();
  CLI::App* scan = app.add_subcommand(
      "scan", Say("Inspect files without server or agent", "检查文件，不需要服务器或代理"));
  scan->add_option("PATH", options->paths,
                   Say("Files and folders; - is standard input", "文件和文件夹；- 为标准输入"))
      ->required();
  scan->add_option("--packs", options->rules.packs,
                   Say("Folder of rule packs (default: the shipped ones)",
                       "规则包文件夹（默认：随产品提供的）"));
  scan->add_option("--registry", options->rules.tables,
                   Say("Table of clients (CSV) that rules may name, with what its columns are in "
                       "the .yaml beside it",
                       "规则可引用的客户名册（CSV），列的含义写在同名 .yaml 文件中"))
      ->allow_extra_args(false)  // one a flag: what follows is a path
      ->type_name("FILE");
  const auto add_collection = [&](const char* flag, const char* help, v1::CollectionKind kind) {
    const auto take = [options, kind](const std::string& word) {
      const size_t equals = word.find('=');
      if (equals == std::string::npos || equals + 1 == word.size()) {
        throw CLI::ValidationError(word, Say("write NAME=PATH", "请写成 名称=路径"));
      }
      options->rules.collections.push_back({word.substr(0, equals), word.substr(equals + 1), kind});
    };
    scan->add_option_function<std::vector<std::string>>(
            flag,
            [take](const std::vector<std::string>& words) {
              for (const std::string& word : words) take(word);
            },
            help)
        ->allow_extra_args(false)
        ->type_name("NAME=PATH");
  };
  add_collection("--documents",
                 Say("Documents (a file or folder) that rules may name: text copied from them is "
                     "found",
                     "规则可引用的登记文档（文件或文件夹）：可发现从中复制的文本"),
                 v1::COLLECTION_KIND_PROTECTED);
  add_collection("--excluded",
                 Say("Blank forms and published documents: what stands in them is not found",
                     "空白表单和已公开文档：其中的内容不计为发现"),
                 v1::COLLECTION_KIND_EXCLUDED);
  scan->add_option("--policy", options->policy,
                   Say("Policy to judge each file by", "按此策略给出每个文件的结论"));
  scan->add_option("--channel", options->channel,
                   Say("Way out that --policy judges", "--policy 所判断的外发途径"))
      ->type_name(absl::StrJoin(ChannelNames(), "|"))
      ->check(OneOf(ChannelNames()))
      ->capture_default_str();
  scan->add_option("--timeout", options->seconds_max,
                   Say("Seconds for one file", "每个文件的秒数上限"))
      ->type_name("SECONDS")
      ->check(InRange(1, kSecondsMax))
      ->capture_default_str();
  scan->add_option("--today", options->today,
                   Say("Date that terms of classification are held against (YYYY-MM-DD)",
                       "判断保密期限所用的日期（YYYY-MM-DD）"))
      ->type_name("DATE")
      ->check(CLI::Validator(&NotADate, ""));
  scan->add_flag("--json", options->json,
                 Say("One JSON object per file", "每个文件一个 JSON 对象"));
  scan->add_flag(
      "--explain", options->explain,
      Say("Also what was considered and rejected, and why", "同时给出被排除的候选及原因"));
  scan->footer(Say(R"(JSON
  path        the path; bytes that are not UTF-8 are U+FFFD in it
  path_bytes  only where there are such: the path's own bytes in base64 (RFC 4648, 4)
  start, end  bytes in the UTF-8 text of the match's part, not in the file: encoding, compression
              and holes of the file do not count

EXIT STATUS
  0  clean
  1  something found, whatever else happened
  2  error, or not wholly inspected)",
                   R"(JSON
  path        路径；其中不是 UTF-8 的字节显示为 U+FFFD
  path_bytes  仅在有此类字节时出现：路径的原始字节，base64 编码（RFC 4648 第 4 节）
  start, end  在命中所在部分的 UTF-8 文本中的字节位置，不是在文件中的位置：文件的编码、压缩和
              空洞不计在内

退出码
  0  无发现
  1  有发现（优先于其他情况）
  2  出错或有内容未能检查)"));
  scan->callback([options, &exit_status] { exit_status = RunScan(*options); });
}

}  // namespace shoumi::cli
