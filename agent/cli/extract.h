#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shoumi::cli {

struct ExtractOptions {
  std::vector<std::string> paths;  // "-": standard input
  uint32_t seconds_max = 60;
  bool json = false;
};

// Of one file in a JSON object, which is made in memory; more text is left out, and that is said.
inline constexpr uint64_t kJsonTextBytesMax = 1ULL << 30;

// Text on standard output, errors and what was not read on standard error. Exit status: 2 when
// something could not be read or went wrong, else 0.
int RunExtract(const ExtractOptions& options);

}  // namespace shoumi::cli
