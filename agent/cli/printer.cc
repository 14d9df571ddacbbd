#include "agent/cli/printer.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "common/terminal/words.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "rules/policy/policy.h"

namespace shoumi::cli {
namespace {

constexpr uint64_t kRedrawMs = 100;
constexpr int kBarCells = 30;

std::string FindingLines(const v1::Finding& finding) {
  std::string lines = fmt::format("    {} ×{} ({}%)", Printable(finding.rule()), finding.count(),
                                  finding.confidence());
  if (const std::string level = LevelText(finding.level()); !level.empty()) lines += " " + level;
  lines += '\n';
  for (const v1::RegisteredDocument& document : finding.documents()) {
    lines += fmt::format("        {}\n", DocumentText(document));
  }
  for (const v1::Match& match : finding.matches()) {
    lines += fmt::format("        {} {}–{}  {}\n", Printable(match.part()), match.start(),
                         match.end(), Printable(match.masked()));
  }
  const uint64_t more = finding.matches_omitted();
  if (more != 0) {
    lines += fmt::format(fmt::runtime(Say("        and {} more\n", "        另有 {} 处\n")), more);
  }
  return lines;
}

std::string VerdictLine(const v1::Verdict& verdict) {
  return fmt::format("    {}: {} ({})\n", Say("verdict", "结论"),
                     WordText(rules::Name(verdict.action())),
                     verdict.rule().empty() ? Say("no rule", "无规则") : Printable(verdict.rule()));
}

std::string ExplainLines(const FileResult& result) {
  std::string lines;
  for (const v1::RejectedCandidate& one : result.report.rejected()) {
    lines += fmt::format("    {} {} {} {}–{}  {}: {}\n", Say("rejected", "排除"),
                         Printable(one.rule()), Printable(one.part()), one.start(), one.end(),
                         Printable(one.masked()), Printable(one.why()));
  }
  if (!result.verdict) return lines;
  for (const v1::RuleTrace& one : result.verdict->trace()) {
    lines += fmt::format("    {} {}: {}\n", one.held() ? "+" : "-", Printable(one.rule()),
                         Printable(one.why()));
  }
  return lines;
}

uint64_t NowMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

void Out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

Printer::Printer(const Options& options)
    : options_(options),
      bar_(options.progress && ::isatty(STDERR_FILENO) == 1),
      colour_(WantsColour()) {}

Printer::~Printer() {
  ClearBar();
  std::fflush(stdout);
}

void Printer::Result(const FileResult& result) {
  ++done_;
  const Status status = StatusOf(result.report);
  if (status == Status::kMatch) ++matches_;
  if (status == Status::kUnscanned) ++unscanned_;
  if (options_.json) {
    if (::isatty(STDOUT_FILENO) == 1) ClearBar();
    const auto json = ToJson(result, options_.explain);
    Out(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
    std::fflush(stdout);  // a reader at the other end of a pipe sees each file as it is done
  } else {
    Text(result);
  }
  Tick();
}

void Printer::Text(const FileResult& result) {
  const Status status = StatusOf(result.report);
  const v1::InspectReport& report = result.report;
  const bool worth = status != Status::kClean || report.declassified() || result.verdict ||
                     options_.explain || !result.in_folder;
  if (!worth) return;
  std::string line = Printable(result.path) + ": ";
  if (status == Status::kMatch) {
    const std::string level = LevelText(report.level());
    line += Paint(colour_, kRed, level.empty() ? Say("found", "有发现") : level);
  } else if (status == Status::kUnscanned) {
    line += Paint(colour_, kYellow, Say("not wholly inspected", "未能完整检查"));
  } else {
    line += Paint(colour_, kGreen, Say("clean", "无发现"));
  }
  if (report.declassified()) {
    line +=
        Paint(colour_, kDim, Say(" (declassified, its term is over)", "（保密期限已满，已解密）"));
  }
  line += '\n';
  for (const v1::Finding& finding : report.findings()) {
    if (InForce(finding)) line += FindingLines(finding);
  }
  for (const v1::Unscanned& one : report.unscanned()) {
    const std::string part = one.part().empty() ? "" : Printable(one.part()) + ": ";
    const std::string detail =
        one.detail().empty() ? "" : fmt::format(" ({})", Printable(one.detail()));
    line += fmt::format("    {}{}{}\n", part, Paint(colour_, kYellow, ReasonText(one.reason())),
                        detail);
  }
  if (result.verdict) line += VerdictLine(*result.verdict);
  if (options_.explain) line += ExplainLines(result);
  ClearBar();
  Out(line);
  std::fflush(stdout);
}

void Printer::Message(std::string_view line) {
  ClearBar();
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", line);
}

void Printer::Tick() {
  if (!bar_ || NowMs() < last_draw_ms_ + kRedrawMs) return;
  last_draw_ms_ = NowMs();
  const auto filled =
      options_.files == 0 ? 0 : static_cast<int>(done_ * kBarCells / options_.files);
  std::string bar;
  for (int i = 0; i < kBarCells; ++i) bar += i < filled ? "█" : "░";
  fmt::print(stderr, "\r\x1b[K{} {}/{}", bar, done_, options_.files);
  std::fflush(stderr);
  bar_drawn_ = true;
}

void Printer::ClearBar() {
  if (!bar_drawn_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  bar_drawn_ = false;
  last_draw_ms_ = 0;
}

void Printer::Summary() {
  if (options_.json) return;
  ClearBar();
  Out(fmt::format(fmt::runtime(Say("{}: {} with findings, {} not wholly inspected, {} clean\n",
                                   "共 {}：{} 个有发现，{} 个未能完整检查，{} 个无发现\n")),
                  Counted(done_, "file", "files", "个文件"), matches_, unscanned_,
                  done_ - matches_ - unscanned_));
}

}  // namespace shoumi::cli
