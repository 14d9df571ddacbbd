#include "server/ctl/spreadsheet.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <string_view>
#include <utility>

#include "common/fd.h"
#include "common/installation.h"
#include "common/terminal/language.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"

namespace shoumi::ctl {
namespace {

// Standard output of `shoumi extract`, to its end.
absl::StatusOr<std::string> Extract(const std::string& path) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe");
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  std::string program = CommandLineProgram();
  std::array<std::string, 5> words = {program, "extract", "--json", "--", path};
  std::array<char*, 6> arguments{};
  for (size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to.get(), STDOUT_FILENO);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  to.Reset();  // or the end would never be seen
  if (error != 0) return ErrnoStatus(error, program);
  std::string out;
  std::string piece(1 << 16, '\0');
  absl::Status status;
  while (status.ok()) {
    const ssize_t got = ::read(from.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) status = ErrnoStatus(errno, program);
    if (got <= 0) break;
    out.append(piece, 0, static_cast<size_t>(got));
    if (out.size() > kSpreadsheetTextBytesMax) {
      status = absl::ResourceExhaustedError(
          fmt::format("{}: more than {} bytes of text", path, kSpreadsheetTextBytesMax));
      ::kill(pid, SIGKILL);
    }
  }
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!status.ok()) return status;
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
