#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "rules/buckets/starts.h"
#include "rules/registry/hashing.h"
#include "shoumi/v1/finding.pb.h"

namespace shoumi::registry {

// How a value is found in text.
enum class Anchor : uint8_t {
  kGram,    // by three symbols, the first of them not ASCII
  kWord,    // by a run of ASCII letters and digits
  kNumber,  // by itself, as a whole
  kShort,   // only near another value of its row
};

inline constexpr uint32_t kRowsMax = 1U << 26;
inline constexpr uint8_t kColumnsMax = 16;

// A value, as its keyed hash: 10 bytes.
class Record {
 public:
  struct Fields {
    uint32_t row = 0;
    uint8_t size = 0;    // symbols
    uint8_t offset = 0;  // of the anchor, in symbols
    uint8_t column = 0;
    Anchor anchor = Anchor::kGram;
    bool row_has_short = false;
    uint8_t tag = 0;  // three more bits of the anchor's hash
  };

  Record(uint32_t check, const Fields& fields);
  [[nodiscard]] uint32_t check() const { return Load<uint32_t>(0); }
  // All but the check: equal where the fields are.
  [[nodiscard]] uint64_t rest() const { return Load<uint64_t>(2) >> 16; }
  [[nodiscard]] Fields fields() const;

 private:
  template <class Number>
  [[nodiscard]] Number Load(size_t at) const {
    Number number;
    std::memcpy(&number, bytes_.data() + at, sizeof number);
    return number;
  }
  std::array<uint8_t, 10> bytes_;
};
static_assert(sizeof(Record) == 10 && alignof(Record) == 1);

// What an anchor's hash says.
class Place {
 public:
  explicit Place(uint64_t hash) : hash_(hash) {}
  // Four of a word of the filter.
  [[nodiscard]] uint64_t Bits() const {
    return uint64_t{1} << (hash_ & 63) | uint64_t{1} << (hash_ >> 6 & 63) |
           uint64_t{1} << (hash_ >> 12 & 63) | uint64_t{1} << (hash_ >> 18 & 63);
  }
  [[nodiscard]] size_t Word(uint64_t words) const {
    return static_cast<size_t>((hash_ >> 32) * words >> 32);
  }
  [[nodiscard]] size_t Bucket(uint32_t bucket_bits) const {
    return static_cast<size_t>(hash_ >> 1 >> (63 - bucket_bits));
  }
  [[nodiscard]] uint8_t Tag() const { return static_cast<uint8_t>(hash_ >> 24 & 7); }

 private:
  uint64_t hash_;
};

// The head of the file. All numbers are little-endian. The sections follow: first characters,
// levels, starts of buckets, filter, records; each at a multiple of eight bytes. Where a value lies
// depends on the key and the value, and sizes grow in steps, so that versions of a registry are
// mostly alike.
struct Header {
  static constexpr std::array<char, 8> kMagic = {'S', 'h', 'o', 'u', 'm', 'i', 'R', 'x'};
  static constexpr uint32_t kVersion = 2;
  static constexpr size_t kFirstsBytes = 65536 / 8;

  std::array<char, 8> magic = kMagic;
  uint32_t version = kVersion;
  uint32_t bucket_bits = 0;
  uint64_t key_check = 0;
  uint64_t word_sizes = 0;     // bit n: some word anchor, or number from a letter on, has n symbols
  uint64_t number_sizes = 0;   // bit n: some number has n symbols
  uint64_t short_sizes = 0;    // bit n: some short value has n symbols
  uint64_t firsts_beyond = 0;  // 1: some gram starts beyond the Basic Multilingual Plane
  uint64_t rows = 0;
  uint64_t row_numbers = 0;  // a few times as many as rows; their levels, two bits each
  uint64_t filter_words = 0;
  uint64_t records = 0;
  uint64_t page_bits = 0;  // of the starts
};

// The index of a registry: which values its rows have, as keyed hashes. Immutable, thread-safe.
class Index {
 public:
  // `bytes`, 8-aligned, are not copied and outlive the index. InvalidArgument when they are no
  // index or one for another key. Everything that is later followed has been checked.
  static absl::StatusOr<Index> Open(std::string_view bytes, const Key& key);

  [[nodiscard]] const Hasher& hasher() const { return hasher_; }
  [[nodiscard]] uint64_t rows() const { return header_.rows; }
  [[nodiscard]] uint64_t records() const { return header_.records; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  [[nodiscard]] v1::Level LevelOf(uint32_t row) const;

  // Whether a gram, word, number or short value may be there: cheap, and before any lookup.
  [[nodiscard]] bool MayStart(char32_t c) const {
    return c < 65536 ? (firsts_[c / 8] >> (c % 8) & 1) != 0 : header_.firsts_beyond != 0;
  }
  // Bit c: a character below 65536 may start a gram.
  [[nodiscard]] const uint8_t* firsts() const { return firsts_.data(); }
  [[nodiscard]] uint64_t word_sizes() const { return header_.word_sizes; }
  [[nodiscard]] uint64_t number_sizes() const { return header_.number_sizes; }
  [[nodiscard]] uint64_t short_sizes() const { return header_.short_sizes; }

  void PrefetchFilter(Place place) const {
    __builtin_prefetch(&filter_[place.Word(filter_.size())]);
  }
  [[nodiscard]] bool MayHave(Place place) const {
    const uint64_t bits = place.Bits();
    return (filter_[place.Word(filter_.size())] & bits) == bits;
  }
  void PrefetchBucket(Place place) const { starts_.Prefetch(place.Bucket(header_.bucket_bits)); }
  // Those of the anchor, and of a few others.
  [[nodiscard]] std::span<const Record> At(Place place) const {
    const size_t bucket = place.Bucket(header_.bucket_bits);
    const size_t begin = starts_.Begin(bucket);
    return records_.subspan(begin, starts_.Begin(bucket + 1) - begin);
  }

 private:
  explicit Index(const Key& key) : hasher_(key) {}

  Hasher hasher_;
  Header header_;
  uint64_t bytes_ = 0;
  std::span<const uint8_t> firsts_;
  std::span<const uint8_t> levels_;
  buckets::Starts starts_;
  std::span<const uint64_t> filter_;
  std::span<const Record> records_;
};

}  // namespace shoumi::registry
