#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/fd.h"
#include "shoumi/v1/agent_service.pb.h"

namespace shoumi::agent {

// A blob that is here and has been checked; chunks may copy from it.
struct FetchBase {
  std::string sha256;
  int fd = -1;  // stays the caller's
  uint64_t bytes = 0;
};

// The start of a blob on its way to the disk. What a server sends is held against what was asked
// for; whether it is the right content only the digest of the whole says. Not thread-safe.
class PartFile {
 public:
  // Goes on with what is there, or starts anew when that is longer than `bytes`. `base` outlives
  // the object; null: nothing is copied.
  static absl::StatusOr<PartFile> Open(const std::string& path, uint64_t bytes,
                                       const FetchBase* base);
  // With an empty file.
  PartFile(UniqueFd fd, uint64_t bytes, const FetchBase* base)
      : fd_(std::move(fd)), bytes_(bytes), base_(base) {}

  // DataLoss for a chunk that cannot be the next of this blob; the file is as before. Any other
  // error is the disk's: the file is empty then, so that a full disk has the room back.
  absl::Status Take(const v1::BlobChunk& chunk);
  // On the disk, for good.
  absl::Status Sync() const;

  [[nodiscard]] uint64_t offset() const { return offset_; }
  [[nodiscard]] bool broken() const { return broken_; }  // by the disk
  [[nodiscard]] uint64_t message_bytes() const { return message_bytes_; }
  [[nodiscard]] uint64_t copied_bytes() const { return copied_bytes_; }

 private:
  absl::Status Check(const v1::BlobChunk& chunk) const;
  absl::Status Copy(uint64_t from, uint64_t bytes);

  UniqueFd fd_;
  uint64_t bytes_;  // of the whole blob
  const FetchBase* base_;
  uint64_t offset_ = 0;
  bool broken_ = false;
  uint64_t message_bytes_ = 0;
  uint64_t copied_bytes_ = 0;
};

}  // namespace shoumi::agent
