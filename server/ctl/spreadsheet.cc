#include "server/ctl/spreadsheet.h"

#include <array>
#include <fstream>
#include <string_view>

#include "common/terminal/language.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "server/ctl/shoumi_output.h"

namespace shoumi::ctl {
namespace {

// Standard output of `shoumi extract`, to its end.
absl::StatusOr<std::string> Extract(const std::string& path) {
  std::string out;
  const auto ended =
      RunShoumi({"extract", "--json", "--", path}, [&](std::string_view piece) -> absl::Status {
        out.append(piece);
        if (out.size() <= kSpreadsheetTextBytesMax) return absl::OkStatus();
        return absl::ResourceExhaustedError(
            fmt::format("{}: more than {} bytes of text", path, kSpreadsheetTextBytesMax));
      });
  if (!ended.ok()) return ended.status();
  return out;
}

// One line a row, cells parted by tabs → CSV with every cell in quotes.
std::string ToCsv(std::string_view rows) {
  std::string csv = "\"";
  for (const char c : rows) {
    switch (c) {
      case '"':
        csv += "\"\"";
        break;
      case '\t':
        csv += "\",\"";
        break;
      case '\n':
        csv += "\"\n\"";
        break;
      default:
        csv += c;
    }
  }
  if (csv.ends_with("\n\"")) csv.pop_back();
  return csv;
}

}  // namespace

bool IsSpreadsheet(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> head{};
  return file.read(head.data(), head.size()) && std::string_view(head.data(), 4) == "PK\x03\x04";
}

absl::StatusOr<std::string> CsvOfSpreadsheet(const std::string& path) {
  const auto out = Extract(path);
  if (!out.ok()) return out.status();
  const auto json = nlohmann::json::parse(*out, nullptr, false);
  // A table of clients is full of findings: what counts is that nothing was left unread.
  if (!json.is_object() || !json.contains("parts") || !json.value("reason", "?").empty()) {
    return absl::FailedPreconditionError(
        fmt::format(fmt::runtime(Say("{} could not be read wholly ({}); save the sheet as CSV",
                                     "{} 未能完整读取（{}）；请将工作表另存为 CSV")),
                    path, json.is_object() ? json.value("reason", "") : ""));
  }
  for (const auto& part : json["parts"]) {
    if (part.value("part", "") == "sheet1") return ToCsv(part.value("text", ""));
  }
  return absl::FailedPreconditionError(fmt::format(
      fmt::runtime(Say("{} has no sheet with cells", "{} 中没有含单元格的工作表")), path));
}

}  // namespace shoumi::ctl
