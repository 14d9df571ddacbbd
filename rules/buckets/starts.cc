#include "rules/buckets/starts.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace shoumi::buckets {
namespace {

static_assert(std::endian::native == std::endian::little);

template <class Item>
bool TakeSection(std::string_view& bytes, uint64_t count, std::span<const Item>& section) {
  const uint64_t size = (count * sizeof(Item) + 7) / 8 * 8;
  if (size > bytes.size()) return false;
  section = {reinterpret_cast<const Item*>(bytes.data()), static_cast<size_t>(count)};
  bytes.remove_prefix(size);
  return true;
}

template <class Item>
void AppendSection(std::string& bytes, const std::vector<Item>& section) {
  bytes.append(reinterpret_cast<const char*>(section.data()), section.size() * sizeof(Item));
  bytes.resize((bytes.size() + 7) / 8 * 8);
}

// False when a page is too long for its buckets to be told by an offset.
bool Divide(const std::vector<uint32_t>& sizes, uint32_t page_bits, std::vector<uint32_t>& pages,
            std::vector<uint16_t>& offsets) {
  pages.clear();
  offsets.clear();
  const size_t in_page = (size_t{1} << page_bits) - 1;
  uint32_t at = 0;
  for (size_t bucket = 0; bucket < sizes.size(); ++bucket) {
    if ((bucket & in_page) == 0) pages.push_back(at);
    const uint32_t offset = at - pages.back();
    if (offset > std::numeric_limits<uint16_t>::max()) return false;
    offsets.push_back(static_cast<uint16_t>(offset));
    at += sizes[bucket];
  }
  pages.push_back(at);
  offsets.push_back(0);
  return true;
}

}  // namespace

bool Starts::Take(std::string_view& bytes, uint32_t bucket_bits, uint32_t page_bits,
                  uint64_t items) {
  if (bucket_bits > kBucketBitsMax || page_bits > std::min(kPageBits, bucket_bits)) return false;
  page_bits_ = page_bits;
  if (!TakeSection(bytes, (uint64_t{1} << (bucket_bits - page_bits)) + 1, pages_) ||
      !TakeSection(bytes, (uint64_t{1} << bucket_bits) + 1, offsets_)) {
    return false;
  }
  if (pages_.front() != 0 || offsets_.back() != 0 || pages_.back() != items) return false;
  const size_t in_page = (size_t{1} << page_bits) - 1;
  for (size_t bucket = 0; bucket + 1 < offsets_.size(); ++bucket) {
    if ((bucket & in_page) == 0 && offsets_[bucket] != 0) return false;
    if (Begin(bucket) > Begin(bucket + 1)) return false;
  }
  return true;
}

uint32_t AppendStarts(std::string& bytes, const std::vector<uint32_t>& sizes) {
  const auto bucket_bits = static_cast<uint32_t>(std::countr_zero(sizes.size()));
  uint32_t page_bits = std::min(Starts::kPageBits, bucket_bits);
  std::vector<uint32_t> pages;
  std::vector<uint16_t> offsets;
  while (!Divide(sizes, page_bits, pages, offsets))
    --page_bits;  // of one bucket, all offsets are 0
  AppendSection(bytes, pages);
  AppendSection(bytes, offsets);
  return page_bits;
}

}  // namespace shoumi::buckets
