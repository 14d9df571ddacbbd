#include "common/terminal/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"

namespace shoumi {
namespace {

// A program with options and commands as ours have them.
struct Tool {
  Tool() {
    SetUpHelp(app, "1.2");
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("--server", text);
    CLI::App* const devices = app.add_subcommand("devices", "");
    devices->require_subcommand(1);
    CLI::App* const list = devices->add_subcommand("list", "");
    list->add_option("--limit", number)->check(InRange(1, 100));
    list->add_option("--state", text)->check(OneOf({"on", "off"}));
    list->add_option("--size", number);
    devices->add_subcommand("show", "")->add_option("ID", text)->required();
    app.add_subcommand("policy", "");
  }

  CLI::App app{"", "tool"};
  std::string text;
  int number = 0;
};

// What is said of a command line; empty when it is good.
std::string Said(const std::string& line) {
  Tool tool;
  try {
    tool.app.parse(line);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? "" : WhatIsWrong(tool.app, error);
  }
  return "";
}

TEST(CommandLine, GoodOnesPass) {
  EXPECT_EQ(Said("devices list --limit 100 --state off --server x"), "");
  EXPECT_EQ(Said("devices show 7"), "");
  EXPECT_EQ(Said("--help"), "");
  EXPECT_EQ(Said("--version"), "");
}

TEST(CommandLine, AMistypedCommandIsToldWithTheOneThatWasMeant) {
  EXPECT_EQ(Said("devcies list"), "no such command: devcies; did you mean devices?");
  EXPECT_EQ(Said("devices lst"), "no such command: lst; did you mean list?");
  EXPECT_EQ(Said("devices --server x shwo 7"), "no such command: shwo; did you mean show?");
  EXPECT_EQ(Said("incidents"), "no such command: incidents; there are: devices, policy");
  EXPECT_EQ(Said(""), "a command is needed: devices, policy");
  EXPECT_EQ(Said("devices"), "a command is needed: list, show");
}

TEST(CommandLine, AMistypedOptionIsToldWithTheOneThatWasMeant) {
  EXPECT_EQ(Said("devices list --limt 3"), "no such option: --limt; did you mean --limit?");
  EXPECT_EQ(Said("devices list --sevrer=x"), "no such option: --sevrer; did you mean --server?");
  EXPECT_EQ(Said("devices list --colour"), "no such option: --colour");
  EXPECT_EQ(Said("devices show --frob"), "no such option: --frob");
}

TEST(CommandLine, WhatIsMissingOrTooMuchIsNamed) {
  EXPECT_EQ(Said("devices show"), "ID is missing");
  EXPECT_EQ(Said("devices show 7 8"), "one word too many: 8");
  EXPECT_EQ(Said("devices list --limit"), "--limit needs a value");
}

// The language is found once a process, so this is a process of its own.
[[noreturn]] void ComplainIn(const char* locale, const char* line) {
  ::setenv("LC_ALL", locale, 1);
  Tool tool;
  try {
    tool.app.parse(line);
  } catch (const CLI::ParseError& error) {
    std::exit(EndOfParse(tool.app, error));
  }
  std::exit(0);
}

TEST(CommandLineDeathTest, TheReaderIsToldInChinese) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(ComplainIn("zh_CN.UTF-8", "devcies"), ::testing::ExitedWithCode(kBadUsage),
              "tool: 没有命令 devcies；是否想用 devices？\n用法：tool --help\n");
  EXPECT_EXIT(ComplainIn("zh_CN.UTF-8", "devices show"), ::testing::ExitedWithCode(kBadUsage),
              "缺少 ID\n用法：tool devices show --help\n");
  EXPECT_EXIT(ComplainIn("zh_CN.UTF-8", "devices list --limit x"),
              ::testing::ExitedWithCode(kBadUsage), "--limit: x 不是 1 至 100 的数");
}

TEST(CommandLine, ValuesAreCheckedInOurWords) {
  for (const char* value : {"0", "101", "x", "1x", "99999999999999999999"}) {
    EXPECT_EQ(Said(std::string("devices list --limit ") + value),
              std::string("--limit: ") + value + " is not a number of 1 to 100");
  }
  EXPECT_EQ(Said("devices list --state up"), "--state: up is none of on, off");
  EXPECT_EQ(Said("devices list --size big"), "not a number of the right size: --size = big");
}

}  // namespace
}  // namespace shoumi
