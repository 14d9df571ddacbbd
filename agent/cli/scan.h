#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/cli/local_inspector.h"

namespace shoumi::cli {

struct ScanOptions {
  std::vector<std::string> paths;  // "-": standard input
  LocalRules rules;
  std::string policy;  // empty: no verdicts
  std::string channel = "usb";
  std::string today;  // empty: the local date
  uint32_t seconds_max = 60;
  bool json = false;
  bool explain = false;
};

// Results on standard output, errors and progress on standard error. Exit status: 1 when something
// was found, else 2 when something could not be inspected or went wrong, else 0.
int RunScan(const ScanOptions& options);

}  // namespace shoumi::cli
