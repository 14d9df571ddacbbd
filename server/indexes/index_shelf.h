#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/policy/publisher.h"
#include "server/store/store.h"

namespace shoumi::server {

struct ShelfOptions {
  uint64_t index_bytes_max = 512ULL << 20;  // as agents take, all together
  size_t piece_bytes = 1U << 20;            // of an index in the store
};

// Indexes that agents fetch: in the store in pieces, named by policy bundles. Thread-safe.
class IndexShelf {
 public:
  // All outlive the object.
  IndexShelf(const ShelfOptions& options, Store& store, PolicyPublisher& publisher)
      : options_(options), store_(store), publisher_(publisher) {}

  // After a start: a crash may have come between a change of the indexes and its bundle.
  absl::Status CatchUp();

  // Only who holds it changes indexes. Given back by any thread. ResourceExhausted while another
  // does.
  using Turn = std::shared_ptr<void>;
  absl::StatusOr<Turn> TakeTurn();

  // What an index of this name takes the place of: its version, 0 when there is none.
  // ResourceExhausted when one of `bytes` bytes does not fit with the others.
  absl::StatusOr<uint64_t> VersionBefore(IndexKind kind, std::string_view name, uint64_t bytes,
                                         size_t indexes_max);
  // Into the store and into a bundle, whose version is returned; 0: no policy has been applied yet.
  absl::StatusOr<uint64_t> Put(IndexKind kind, const IndexRow& row, std::string_view sha256,
                               std::string_view index);
  absl::StatusOr<std::vector<IndexRow>> List(IndexKind kind) { return store_.ListIndexes(kind); }
  // The version of the bundle without it; 0 when there is none. NotFound when there is no such one,
  // ResourceExhausted while an import is under way.
  absl::StatusOr<uint64_t> Remove(IndexKind kind, std::string_view name, std::string_view author);

  // A blob that a bundle in force names: its size, and what is at an offset, at most one piece.
  // NotFound for any other.
  absl::StatusOr<uint64_t> BlobBytes(std::string_view sha256);
  absl::StatusOr<std::string> ReadBlob(std::string_view sha256, uint64_t offset);

 private:
  absl::StatusOr<uint64_t> Publish(std::string_view author);
  absl::Status ForgetOldBlobs();

  const ShelfOptions options_;
  Store& store_;
  PolicyPublisher& publisher_;
  std::atomic<bool> taken_ = false;
};

}  // namespace shoumi::server
