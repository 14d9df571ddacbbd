#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi::agent {

// The disk as the spool sees it: one folder of files named by the spool. Narrow, so that tests
// replace it by one that loses power, fills up and tears writes. A full disk is ResourceExhausted.
// Not thread-safe but for ReadAt, which may run beside everything else.
class SpoolFiles {
 public:
  virtual ~SpoolFiles() = default;
  virtual absl::StatusOr<std::vector<std::string>> List() = 0;
  virtual absl::StatusOr<uint64_t> Size(const std::string& name) = 0;
  // Shorter than `size` at the end of the file.
  virtual absl::StatusOr<std::string> ReadAt(const std::string& name, uint64_t offset,
                                             size_t size) = 0;
  // The file and its name are durable when this returns.
  virtual absl::Status Create(const std::string& name, std::string_view bytes) = 0;
  // Durable only after Sync(name).
  virtual absl::Status WriteAt(const std::string& name, uint64_t offset,
                               std::string_view bytes) = 0;
  virtual absl::Status Sync(const std::string& name) = 0;
  virtual absl::Status Truncate(const std::string& name, uint64_t size) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& name) = 0;
};

// Files below `folder`, which exists; mode 0600. Keeps the file written last open.
std::unique_ptr<SpoolFiles> MakePosixSpoolFiles(std::filesystem::path folder);

}  // namespace shoumi::agent
