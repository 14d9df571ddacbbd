#include "server/indexes/index_shelf.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/crypto/crypto.h"
#include "fmt/format.h"

namespace shoumi::server {
namespace {

constexpr IndexKind kKinds[] = {IndexKind::kRegistry, IndexKind::kCollection};

// What the two kinds of heads have in common.
struct Head {
  std::string sha256;
  uint64_t size_bytes = 0;
  std::string key;
};

absl::StatusOr<Head> HeadOf(IndexKind kind, const IndexRow& row) {
  const auto read = [&row](auto head) -> absl::StatusOr<Head> {
    if (!head.ParseFromString(row.head)) {
      return absl::DataLossError(fmt::format("index {} in the store", row.name));
    }
    return Head{head.sha256(), head.size_bytes(), head.key()};
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

absl::StatusOr<std::string> IndexShelf::KeyOf(IndexKind kind, std::string_view name, size_t bytes) {
  const auto rows = store_.ListIndexes(kind);
  if (!rows.ok()) return rows.status();
  for (const IndexRow& row : *rows) {
    if (row.name != name) continue;
    auto head = HeadOf(kind, row);
    if (!head.ok()) return head.status();
    if (head->key.size() == bytes) return std::move(head->key);
  }
  return crypto::RandomBytes(bytes);
}

absl::StatusOr<uint64_t> IndexShelf::Put(IndexKind kind, const IndexRow& row,
                                         std::string_view sha256, std::string_view index) {
  for (uint64_t number = 0; number * options_.piece_bytes < index.size(); ++number) {
    const std::string_view piece =
        index.substr(number * options_.piece_bytes, options_.piece_bytes);
    if (auto status = store_.AddBlobPiece(sha256, number, piece); !status.ok()) return status;
  }
  const IndexVersion version{kind, row.name, row.version, std::string(sha256), index.size()};
  if (auto status = store_.AddIndexVersion(version); !status.ok()) return status;
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

// Forgets the versions that are beyond the bounds, and returns the blobs of the others.
absl::StatusOr<std::vector<std::string>> IndexShelf::KeptVersions() {
  std::map<std::pair<IndexKind, std::string>, size_t> kept_of;  // none of an index that was removed
  for (const IndexKind kind : kKinds) {
    const auto rows = store_.ListIndexes(kind);
    if (!rows.ok()) return rows.status();
    for (const IndexRow& row : *rows) kept_of[{kind, row.name}] = 0;
  }
  const auto versions = store_.ListIndexVersions();
  if (!versions.ok()) return versions.status();
  std::vector<std::string> kept;
  uint64_t old_bytes = 0;
  for (const IndexVersion& version : *versions) {
    const auto of = kept_of.find({version.kind, version.name});
    bool keep = of != kept_of.end() && of->second <= options_.versions_kept_max;
    if (keep && of->second > 0) {
      keep = old_bytes + version.size_bytes <= options_.versions_kept_bytes_max;
      if (keep) old_bytes += version.size_bytes;
    }
    if (keep) {
      ++of->second;
      kept.push_back(version.sha256);
    } else if (auto status = store_.DeleteIndexVersion(version); !status.ok()) {
      return status;
    }
  }
  return kept;
}

// Agents may still fetch those that the bundle before the current one names.
absl::Status IndexShelf::ForgetOldBlobs() {
  auto versions = KeptVersions();
  if (!versions.ok()) return versions.status();
  std::vector<std::string> kept = *std::move(versions);
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

absl::StatusOr<std::pair<uint64_t, uint64_t>> IndexShelf::VersionBytes(std::string_view base,
                                                                       std::string_view blob) {
  const auto versions = store_.ListIndexVersions();
  if (!versions.ok()) return versions.status();
  for (const IndexVersion& from : *versions) {
    if (from.sha256 != base) continue;
    for (const IndexVersion& to : *versions) {
      if (to.sha256 == blob && to.kind == from.kind && to.name == from.name) {
        return std::pair(from.size_bytes, to.size_bytes);
      }
    }
  }
  return absl::NotFoundError("no two versions of one index");
}

absl::StatusOr<std::string> IndexShelf::ReadVersion(std::string_view sha256,
                                                    const std::function<bool()>& give_up) {
  const auto versions = store_.ListIndexVersions();
  if (!versions.ok()) return versions.status();
  const auto found = std::find_if(versions->begin(), versions->end(),
                                  [&](const auto& version) { return version.sha256 == sha256; });
  if (found == versions->end()) return absl::NotFoundError("no such version");
  std::string blob;
  blob.reserve(static_cast<size_t>(found->size_bytes));
  while (blob.size() < found->size_bytes) {
    if (give_up()) return absl::CancelledError("it takes too long");
    const auto piece = ReadBlob(sha256, blob.size());
    if (!piece.ok()) return piece.status();
    blob += *piece;
  }
  if (blob.size() != found->size_bytes) return absl::DataLossError("an index in the store");
  return blob;
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
