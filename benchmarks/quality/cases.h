#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "shoumi/v1/finding.pb.h"

namespace shoumi::benchmarks {

// One document of generate.py: a file to extract, or the text of one part.
struct Case {
  std::string rule;  // whose positive or negative it is
  bool positive = false;
  v1::PartKind kind = v1::PART_KIND_UNSPECIFIED;  // unspecified: a file
  std::string file_name;
  std::string expected;  // canonical value, or the level of a marking; of positives
  std::string content;
};

absl::StatusOr<std::vector<Case>> ReadCases(const std::string& path);

// True when the text of a match is the value: separators, letter case and the country code of a
// telephone number may differ.
bool SameValue(const std::string& matched, const std::string& expected);

}  // namespace shoumi::benchmarks
