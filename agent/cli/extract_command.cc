#include "agent/cli/extract_command.h"

#include <memory>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "agent/cli/extract.h"
#include "common/terminal/command_line.h"
#include "common/terminal/language.h"

namespace shoumi::cli {
namespace {

constexpr int kSecondsMax = 3600;

}  // namespace

void AddExtract(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<ExtractOptions>();
  CLI::App* extract = app.add_subcommand(
      "extract", Say("Print the text of files as the inspector sees it, part by part",
                     "按部分输出检查程序所见的文件文本"));
  extract
      ->add_option("PATH", options->paths,
                   Say("Files and folders; - is standard input", "文件和文件夹；- 为标准输入"))
      ->required();
  extract
      ->add_option("--timeout", options->seconds_max,
                   Say("Seconds for one file", "每个文件的秒数上限"))
      ->type_name("SECONDS")
      ->check(InRange(1, kSecondsMax))
      ->capture_default_str();
  extract->add_flag("--json", options->json,
                    Say("One JSON object per file", "每个文件一个 JSON 对象"));
  extract->footer(Say(R"(OUTPUT
  A line "== PATH" before each file where there are several, a line "-- PART" before each part. What
  was not read is said on standard error. On a terminal control characters are escaped.

JSON
  path, status (clean, match, unscanned), reason    as with "shoumi scan"
  parts                                              [{"part", "text"}] in order

EXIT STATUS
  0  all was read
  2  error, or not wholly read)",
                      R"(输出
  有多个文件时，每个文件之前有一行 "== 路径"；每个部分之前有一行 "-- 部分"。未能读取的内容在标准
  错误上说明。输出到终端时，控制字符会被转义。

JSON
  path、status（clean、match、unscanned）、reason    与 "shoumi scan" 相同
  parts                                               按顺序的 [{"part", "text"}]

退出码
  0  已全部读取
  2  出错或有内容未能读取)"));
  extract->callback([options, &exit_status] { exit_status = RunExtract(*options); });
}

}  // namespace shoumi::cli
