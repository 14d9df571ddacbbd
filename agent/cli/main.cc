#include <cstdio>
#include <exception>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "agent/cli/commands.h"
#include "common/log.h"
#include "common/terminal/command_line.h"
#include "common/terminal/language.h"
#include "common/terminal/streams.h"
#include "fmt/format.h"

namespace {

constexpr int kOutputLost = 2;

// What was found stays found; nothing else may end as if all had been told.
int AfterOutput(int exit_status) {
  if (shoumi::OutputWritten()) return exit_status;
  fmt::print(stderr, "{}\n",
             shoumi::Say("shoumi: standard output could not be written; results are missing",
                         "shoumi：无法写入标准输出，结果不完整"));
  return exit_status == 0 ? kOutputLost : exit_status;
}

int Run(int argc, char** argv) {
  using shoumi::Say;
  shoumi::SetUpLogging("shoumi", "off", false);  // what went wrong is printed, not logged
  CLI::App app(Say("Shoumi on this workstation", "本机守密"), "shoumi");
  shoumi::SetUpHelp(app, SHOUMI_VERSION);
  app.require_subcommand(1);
  int exit_status = 0;
  shoumi::cli::AddCommands(app, exit_status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return shoumi::EndOfParse(app, error);
  }
  return AfterOutput(exit_status);
}

}  // namespace

int main(int argc, char** argv) {
  shoumi::FillStandardDescriptors();
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "shoumi: {}\n", error.what());
    return 2;
  }
}
