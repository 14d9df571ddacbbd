#include "common/terminal/command_line.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <numeric>
#include <utility>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_join.h"
#include "common/terminal/language.h"
#include "common/terminal/text.h"
#include "fmt/format.h"

namespace shoumi {
namespace {

constexpr size_t kSlipsMax = 2;  // letters wrong, missing, too many or swapped

template <typename... Arguments>
std::string Told(const char* english, const char* chinese, const Arguments&... arguments) {
  return fmt::format(fmt::runtime(Say(english, chinese)), arguments...);
}

// Optimal string alignment distance.
size_t Slips(std::string_view a, std::string_view b) {
  std::vector<size_t> before;
  std::vector<size_t> last(b.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    std::vector<size_t> row(b.size() + 1, i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = std::exchange(last, std::move(row));
  }
  return last.back();
}

// Empty when nothing is near.
std::string Nearest(std::string_view word, const std::vector<std::string>& names) {
  std::string nearest;
  size_t slips_min = std::min(kSlipsMax, word.size() / 2) + 1;
  for (const std::string& name : names) {
    const size_t slips = Slips(word, name);
    if (slips >= slips_min) continue;
    slips_min = slips;
    nearest = name;
  }
  return nearest;
}

// The subcommand that was reached.
const CLI::App& Innermost(const CLI::App& app) {
  const CLI::App* reached = &app;
  while (!reached->get_subcommands().empty()) reached = reached->get_subcommands().back();
  return *reached;
}

std::vector<std::string> CommandsOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> OptionsOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::string Unknown(const char* english, const char* chinese, const std::string& word,
                    const std::vector<std::string>& names) {
  std::string text = Told(english, chinese, word);
  if (const std::string meant = Nearest(word, names); !meant.empty()) {
    text += Told("; did you mean {}?", "；是否想用 {}？", meant);
  }
  return text;
}

// About words that nothing takes; empty when there are none.
std::string AboutRest(const CLI::App& app) {
  const std::vector<std::string> rest = app.remaining(true);
  const CLI::App& reached = Innermost(app);
  for (const std::string& word : rest) {
    if (!word.starts_with('-') || word.size() == 1) continue;
    return Unknown("no such option: {}", "没有选项 {}", word.substr(0, word.find('=')),
                   OptionsOf(reached));
  }
  if (rest.empty()) return "";
  const std::vector<std::string> commands = CommandsOf(reached);
  if (commands.empty()) return Told("one word too many: {}", "多余的参数：{}", rest.front());
  std::string text = Unknown("no such command: {}", "没有命令 {}", rest.front(), commands);
  if (Nearest(rest.front(), commands).empty()) {
    text += Told("; there are: {}", "；可用命令：{}", absl::StrJoin(commands, ", "));
  }
  return text;
}

// What stands before `tail` at the end of CLI11's text; empty when it does not end so.
std::string Before(const std::string& text, std::string_view tail) {
  return text.ends_with(tail) ? text.substr(0, text.size() - tail.size()) : "";
}

std::string AboutMissing(const CLI::App& app, const std::string& text) {
  const std::vector<std::string> commands = CommandsOf(Innermost(app));
  if (!commands.empty()) {
    return Told("a command is needed: {}", "缺少命令：{}", absl::StrJoin(commands, ", "));
  }
  const std::string name = Before(text, " is required");
  return name.empty() ? text : Told("{} is missing", "缺少 {}", name);
}

// CLI11 takes its own headings as they are and counts bytes where a terminal counts cells.
class ChineseHelp final : public CLI::Formatter {
 public:
  ChineseHelp() {
    for (const auto& [english, chinese] : {std::pair{"Usage", "用法"},
                                           {"OPTIONS", "选项"},
                                           {"SUBCOMMAND", "命令"},
                                           {"SUBCOMMANDS", "命令"},
                                           {"Positionals", "参数"},
                                           {"REQUIRED", "必需"},
                                           {"TEXT", "文本"},
                                           {"INT", "整数"},
                                           {"UINT", "整数"}}) {
      label(english, chinese);
    }
  }
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    if (group == "Options") group = "选项";
    return CLI::Formatter::make_group(std::move(group), is_positional, std::move(options));
  }
  std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const override {
    constexpr std::string_view kHead = "\nSubcommands:";
    std::string text = CLI::Formatter::make_subcommands(app, mode);
    return text.starts_with(kHead) ? "\n命令:" + text.substr(kHead.size()) : text;
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    const std::string left = make_option_opts(option);
    return std::string(left.size() - DisplayWidth(left), ' ') +
           CLI::Formatter::make_option_desc(option);
  }
};

}  // namespace

void SetUpHelp(CLI::App& app, const std::string& version) {
  if (SpeaksChinese()) app.formatter(std::make_shared<ChineseHelp>());
  app.set_help_flag("-h,--help", Say("print this help and exit", "显示此帮助"));
  app.set_version_flag("--version", app.get_name() + " " + version,
                       Say("print the version and exit", "显示版本"));
}

std::string WhatIsWrong(const CLI::App& app, const CLI::ParseError& error) {
  std::string text = error.what();
  const auto is = [&](CLI::ExitCodes code) {
    return error.get_exit_code() == static_cast<int>(code);
  };
  if (is(CLI::ExitCodes::RequiredError) || is(CLI::ExitCodes::ExtrasError)) {
    const std::string rest = AboutRest(app);
    return rest.empty() ? AboutMissing(app, text) : rest;
  }
  const std::string option = text.substr(0, text.find(": "));
  if (is(CLI::ExitCodes::ArgumentMismatch) && text.ends_with(" missing")) {
    return Told("{} needs a value", "{} 需要一个值", option);
  }
  constexpr std::string_view kNotConverted = "Could not convert: ";
  if (is(CLI::ExitCodes::ConversionError) && text.starts_with(kNotConverted)) {
    return Told("not a number of the right size: {}", "不是合适的数：{}",
                text.substr(kNotConverted.size()));
  }
  return text;
}

int EndOfParse(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);
  std::string path;
  for (const CLI::App* level = &Innermost(app); level != nullptr; level = level->get_parent()) {
    path.insert(0, level->get_name() + (path.empty() ? "" : " "));
  }
  fmt::print(stderr, "{}: {}\n{}\n", app.get_name(), Printable(WhatIsWrong(app, error)),
             Told("Usage: {} --help", "用法：{} --help", path));
  return kBadUsage;
}

CLI::Validator InRange(int64_t min, int64_t max) {
  return {[min, max](std::string& word) -> std::string {
            int64_t value = 0;
            const char* const end = word.data() + word.size();
            const auto [stop, problem] = std::from_chars(word.data(), end, value);
            if (problem == std::errc() && stop == end && value >= min && value <= max) return "";
            return Told("{} is not a number of {} to {}", "{} 不是 {} 至 {} 的数", word, min, max);
          },
          ""};
}

CLI::Validator OneOf(const std::vector<std::string>& words) {
  const std::string all = absl::StrJoin(words, ", ");
  return {[words, all](std::string& word) -> std::string {
            if (std::find(words.begin(), words.end(), word) != words.end()) return "";
            return Told("{} is none of {}", "{} 不在可选值之中：{}", word, all);
          },
          ""};
}

}  // namespace shoumi
