#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/policy/publisher.h"
#include "server/store/store.h"

namespace shoumi::server {

struct ShelfOptions {
  uint64_t index_bytes_max = 512ULL << 20;  // as agents take, all together
  size_t piece_bytes = 1U << 20;            // of an index in the store
  // Of each index, versions before the one in force that agents may still hold, and that deltas are
  // made from. All together they take at most so many bytes of the store; older ones go first.
  size_t versions_kept_max = 3;
  uint64_t versions_kept_bytes_max = 1ULL << 30;
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
  // The key of the index in force, so that the next version is like it. Where there is none, a new
  // one: an index that is removed and comes back has another.
  absl::StatusOr<std::string> KeyOf(IndexKind kind, std::string_view name, size_t bytes);
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

  // Sizes of two versions of one index. NotFound when they are no such pair.
  absl::StatusOr<std::pair<uint64_t, uint64_t>> VersionBytes(std::string_view base,
                                                             std::string_view blob);
  // The whole of a version that is kept. Cancelled when `give_up` says so, between pieces.
  absl::StatusOr<std::string> ReadVersion(std::string_view sha256,
                                          const std::function<bool()>& give_up);

 private:
  absl::StatusOr<uint64_t> Publish(std::string_view author);
  absl::Status ForgetOldBlobs();
  absl::StatusOr<std::vector<std::string>> KeptVersions();

  const ShelfOptions options_;
  Store& store_;
  PolicyPublisher& publisher_;
  std::atomic<bool> taken_ = false;
};

}  // namespace shoumi::server
