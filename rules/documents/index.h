#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/buckets/starts.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::documents {

inline constexpr uint32_t kDocumentsMax = 1U << 24;
inline constexpr uint64_t kEntriesMax = 64'000'000;  // eight bytes each
// A fingerprint that more documents have, as that of a standard clause, tells none from another.
inline constexpr size_t kDocumentsPerFingerprintMax = 64;

// Of one collection, made at the server. Whoever has it and the index can ask whether a text that
// they have is in the collection; the index gives no text back.
struct Key {
  std::array<uint8_t, 32> bytes{};
};

// Keyed fingerprints are SipHash-2-4 (Aumasson and Bernstein, 2012) of the plain ones.
class Hasher {
 public:
  explicit Hasher(const Key& key);
  [[nodiscard]] uint64_t Keyed(uint64_t fingerprint) const;
  // Tells keys apart and nothing else about them.
  [[nodiscard]] uint64_t KeyCheck() const;

 private:
  std::array<uint8_t, 16> key_{};
  std::array<uint8_t, 16> check_key_{};
};

// A fingerprint's first 40 bits, and a document that has it.
class Entry {
 public:
  static constexpr uint32_t kDocumentBits = 24;
  static constexpr uint32_t kHashBits = 64 - kDocumentBits;
  Entry() = default;
  Entry(uint64_t keyed, uint32_t document)
      : value_((keyed >> kDocumentBits << kDocumentBits) | document) {}
  [[nodiscard]] uint64_t hash() const { return value_ >> kDocumentBits; }
  [[nodiscard]] uint32_t document() const {
    return static_cast<uint32_t>(value_ & (kDocumentsMax - 1));
  }
  void SetDocument(uint32_t document) {
    value_ = (value_ >> kDocumentBits << kDocumentBits) | document;
  }
  bool operator==(const Entry& other) const { return value_ == other.value_; }
  bool operator<(const Entry& other) const { return value_ < other.value_; }

 private:
  uint64_t value_ = 0;
};
static_assert(sizeof(Entry) == 8);

struct Document {
  uint32_t units = 0;
  uint32_t fingerprints = 0;  // that are in the index
};
static_assert(sizeof(Document) == 8);

// The head of the file. All numbers are little-endian; then follow the documents, the starts of the
// buckets and the entries, each at a multiple of eight bytes.
struct Header {
  static constexpr std::array<char, 8> kMagic = {'S', 'h', 'o', 'u', 'm', 'i', 'D', 'x'};
  static constexpr uint32_t kVersion = 2;

  std::array<char, 8> magic = kMagic;
  uint32_t version = kVersion;
  uint32_t kind = 0;  // CollectionKind
  uint64_t key_check = 0;
  uint64_t documents = 0;  // numbers below it; some may be nobody's
  uint64_t entries = 0;
  uint32_t bucket_bits = 0;  // buckets are by the first bits of the fingerprint
  uint32_t page_bits = 0;    // of their starts
};

// The index of a collection. Immutable, thread-safe.
class Index {
 public:
  // `bytes`, 8-aligned, are not copied and outlive the index. InvalidArgument when they are no
  // index, or one for another key. Everything that is later followed has been checked.
  static absl::StatusOr<Index> Open(std::string_view bytes, const Key& key);

  [[nodiscard]] v1::CollectionKind kind() const {
    return static_cast<v1::CollectionKind>(header_.kind);
  }
  [[nodiscard]] std::span<const Document> documents() const { return documents_; }
  [[nodiscard]] uint64_t entries() const { return header_.entries; }
  // Those of the fingerprint; of an excluded collection one at most, with document 0.
  [[nodiscard]] std::span<const Entry> At(uint64_t fingerprint) const {
    return Find(hasher_.Keyed(fingerprint));
  }
  // The same in steps, so that the memory of many is fetched side by side: each step for all of
  // them, then the next.
  [[nodiscard]] uint64_t Keyed(uint64_t fingerprint) const { return hasher_.Keyed(fingerprint); }
  void PrefetchBucket(uint64_t keyed) const { starts_.Prefetch(BucketOf(keyed)); }
  void PrefetchEntries(uint64_t keyed) const {
    __builtin_prefetch(entries_.data() + starts_.Begin(BucketOf(keyed)));
  }
  [[nodiscard]] std::span<const Entry> Find(uint64_t keyed) const;

 private:
  explicit Index(const Key& key) : hasher_(key) {}
  // Of no bits, all are in one.
  [[nodiscard]] size_t BucketOf(uint64_t keyed) const {
    return static_cast<size_t>((keyed >> Entry::kDocumentBits) >>
                               (Entry::kHashBits - header_.bucket_bits));
  }

  Hasher hasher_;
  Header header_;
  std::span<const Document> documents_;
  buckets::Starts starts_;
  std::span<const Entry> entries_;
};

// Makes the index, at the server. Holds eight bytes for each fingerprint of each document. Not
// thread-safe.
class IndexBuilder {
 public:
  struct Counts {
    uint64_t documents = 0;
    uint64_t documents_short = 0;  // with fewer than kFingerprintsPerDocumentMin of their own
    uint64_t fingerprints = 0;     // in the index
    uint64_t shared = 0;           // left out, see kDocumentsPerFingerprintMax
  };

  IndexBuilder(v1::CollectionKind kind, const Key& key, uint64_t entries_max = kEntriesMax)
      : kind_(kind), hasher_(key), entries_max_(entries_max) {}

  // Each fingerprint once. ResourceExhausted beyond the bounds.
  absl::Status Add(uint64_t units, std::span<const uint64_t> fingerprints);
  // The bytes of the index. Once. `numbers` are those of the documents as they came, each its own
  // and below kDocumentsMax; empty: from 0 on.
  std::string Finish(std::span<const uint32_t> numbers = {});
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  void Renumber(std::span<const uint32_t> numbers);
  void LeaveOutShared();
  void CountDocuments(std::span<const uint32_t> numbers);

  const v1::CollectionKind kind_;
  const Hasher hasher_;
  const uint64_t entries_max_;
  std::vector<Document> documents_;
  std::vector<Entry> entries_;
  Counts counts_;
};

}  // namespace shoumi::documents
