#include "server/indexes/index_shelf.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace shoumi::server {
namespace {

constexpr IndexKind kKinds[] = {IndexKind::kRegistry, IndexKind::kCollection};

// What the two kinds of heads have in common.
struct Head {
  std::string sha256;
  uint64_t size_bytes = 0;
};

absl::StatusOr<Head> HeadOf(IndexKind kind, const IndexRow& row) {
  const auto read = [&row](auto head) -> absl::StatusOr<Head> {
    if (!head.ParseFromString(row.head)) {
      return absl::DataLossError(fmt::format("index {} in the store", row.name));
    }
    return Head{head.sha256(), head.size_bytes()};
  };
  return kind == IndexKind::kRegistry ? read(v1::Registry()) : read(v1::DocumentCollection());
}

template <class Published>
bool Same(const std::vector<IndexRow>& rows, const Published& published) {
  return std::equal(rows.begin(), rows.end(), published.begin(), published.end(),
                    [](const IndexRow& row, const auto& head) {
                      return row.name == head.name() && row.version == head.version();
                    });
}

}  // namespace

absl::StatusOr<IndexShelf::Turn> IndexShelf::TakeTurn() {
  if (taken_.exchange(true)) {
    return absl::ResourceExhaustedError(
        "a client registry or a collection of documents is being imported; try again");
  }
  return Turn(this, [](IndexShelf* self) { self->taken_ = false; });
}

absl::Status IndexShelf::CatchUp() {
  const auto current = publisher_.Current();
  if (current == nullptr) return absl::OkStatus();
  const auto registries = store_.ListIndexes(IndexKind::kRegistry);
  if (!registries.ok()) return registries.status();
  const auto collections = store_.ListIndexes(IndexKind::kCollection);
  if (!collections.ok()) return collections.status();
  const bool same =
      Same(*registries, current->registries) && Same(*collections, current->collections);
  return same ? absl::OkStatus() : publisher_.Republish(current->author).status();
}

absl::StatusOr<uint64_t> IndexShelf::VersionBefore(IndexKind kind, std::string_view name,
                                                   uint64_t bytes, size_t indexes_max) {
  uint64_t before = 0;
  uint64_t all_bytes = bytes;
  size_t indexes = 1;  // of the kind
  for (const IndexKind each : kKinds) {
    const auto rows = store_.ListIndexes(each);
    if (!rows.ok()) return rows.status();
    for (const IndexRow& row : *rows) {
      const auto head = HeadOf(each, row);
      if (!head.ok()) return head.status();
      if (each == kind && row.name == name) {
        before = row.version;
      } else {
        all_bytes += head->size_bytes;
        indexes += each == kind ? 1 : 0;
      }
    }
  }
  if (all_bytes <= options_.index_bytes_max && indexes <= indexes_max) return before;
  return absl::ResourceExhaustedError(
      fmt::format("{} {} and {} bytes of indexes; at most {} and {} bytes can be", indexes,
                  kind == IndexKind::kRegistry ? "client registries" : "collections of documents",
                  all_bytes, indexes_max, options_.index_bytes_max));
}

absl::StatusOr<uint64_t> IndexShelf::Put(IndexKind kind, const IndexRow& row,
                                         std::string_view sha256, std::string_view index) {
  for (uint64_t number = 0; number * options_.piece_bytes < index.size(); ++number) {
    const std::string_view piece =
        index.substr(number * options_.piece_bytes, options_.piece_bytes);
    if (auto status = store_.AddBlobPiece(sha256, number, piece); !status.ok()) return status;
  }
  if (auto status = store_.PutIndex(kind, row); !status.ok()) return status;
  return Publish(row.author);
}

absl::StatusOr<uint64_t> IndexShelf::Remove(IndexKind kind, std::string_view name,
                                            std::string_view author) {
  const auto turn = TakeTurn();
  if (!turn.ok()) return turn.status();
  if (auto status = store_.DeleteIndex(kind, name); !status.ok()) return status;
  return Publish(author);
}

absl::StatusOr<uint64_t> IndexShelf::Publish(std::string_view author) {
  auto published = publisher_.Republish(author);
  if (!published.ok()) return published.status();
  if (auto status = ForgetOldBlobs(); !status.ok()) return status;
  return *published == nullptr ? 0 : (*published)->version;
}

// Agents may still fetch those that the bundle before the current one names.
absl::Status IndexShelf::ForgetOldBlobs() {
  std::vector<std::string> kept;
  for (const auto& [sha256, bytes] : publisher_.NamedBlobs()) kept.push_back(sha256);
  for (const IndexKind kind : kKinds) {
    const auto rows = store_.ListIndexes(kind);
    if (!rows.ok()) return rows.status();
    for (const IndexRow& row : *rows) {
      const auto head = HeadOf(kind, row);
      if (head.ok()) kept.push_back(head->sha256);
    }
  }
  return store_.DeleteBlobsBut(kept);
}

absl::StatusOr<uint64_t> IndexShelf::BlobBytes(std::string_view sha256) {
  const auto blobs = publisher_.NamedBlobs();
  const auto found = blobs.find(std::string(sha256));
  if (found != blobs.end()) return found->second;
  return absl::NotFoundError("no such blob; a newer offer is on its way");
}

absl::StatusOr<std::string> IndexShelf::ReadBlob(std::string_view sha256, uint64_t offset) {
  auto piece = store_.GetBlobPiece(sha256, offset / options_.piece_bytes);
  if (!piece.ok()) return piece.status();
  const uint64_t within = offset % options_.piece_bytes;
  if (within >= piece->size()) return absl::OutOfRangeError("beyond the blob's end");
  piece->erase(0, within);
  return piece;
}

}  // namespace shoumi::server
