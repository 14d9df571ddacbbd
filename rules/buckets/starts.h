#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shoumi::buckets {

// Where each bucket begins of a list that is sorted by bucket: a place for each page of buckets,
// and of each bucket how far behind that it begins. One item more moves what is left of its page
// and one number of each page behind it, so that versions of an index stay alike. Immutable,
// thread-safe.
class Starts {
 public:
  static constexpr uint32_t kBucketBitsMax = 28;
  static constexpr uint32_t kPageBits = 5;  // fewer where a page would have too many items

  // Takes the two sections off the front of `bytes`, 8-aligned, which are not copied and outlive
  // the object. False when they are not there or do not fit a list of `items`.
  bool Take(std::string_view& bytes, uint32_t bucket_bits, uint32_t page_bits, uint64_t items);

  // `bucket` may be one past the last: the end of the list.
  [[nodiscard]] size_t Begin(size_t bucket) const {
    return size_t{pages_[bucket >> page_bits_]} + offsets_[bucket];
  }
  void Prefetch(size_t bucket) const {
    __builtin_prefetch(&pages_[bucket >> page_bits_]);
    __builtin_prefetch(&offsets_[bucket]);
  }

 private:
  uint32_t page_bits_ = 0;
  std::span<const uint32_t> pages_;    // one more than there are
  std::span<const uint16_t> offsets_;  // likewise
};

// Writes what Starts reads. `sizes` are the items of each bucket, 2^n of them, at most 2^32 - 1
// items together. Returns the page bits.
uint32_t AppendStarts(std::string& bytes, const std::vector<uint32_t>& sizes);

}  // namespace shoumi::buckets
