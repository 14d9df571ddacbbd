#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi::session {

// Bytes in memory that other processes can be given to read (memfd_create(2)). Written by one
// thread; once sealed nobody can change them any more, and any thread may read.
class StoredBytes {
 public:
  static absl::StatusOr<std::shared_ptr<StoredBytes>> Make();

  // Neither after Seal().
  absl::Status Append(std::string_view bytes);
  absl::Status Seal();

  [[nodiscard]] uint64_t size() const { return size_; }
  // Borrowed; writable only while not sealed. Its offset is nobody's.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // The bytes at `offset`, as many as there are and `into` takes.
  absl::StatusOr<size_t> Read(uint64_t offset, std::span<char> into) const;
  [[nodiscard]] bool Equals(const StoredBytes& other) const;

 private:
  explicit StoredBytes(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  uint64_t size_ = 0;
};

}  // namespace shoumi::session
