#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "shoumi/v1/operator_service.pb.h"

namespace shoumi::ctl {

// Files as they are registered.
struct DocumentFiles {
  struct Problem {
    std::string path;
    std::string why;
  };
  std::vector<v1::FingerprintedDocument> documents;
  std::vector<Problem> partly;  // registered with what could be read
  std::vector<Problem> left_out;
};

// Has the files read by the sandbox of `shoumi fingerprint`: only fingerprints leave it. `progress`
// is told how many files are done.
absl::StatusOr<DocumentFiles> ReadDocuments(const std::vector<std::string>& paths, bool excluded,
                                            const std::function<void(uint64_t)>& progress);

// What a document is called: its path below the folder that holds what was given.
std::string TitleOf(const std::string& path, const std::vector<std::string>& given);

}  // namespace shoumi::ctl
