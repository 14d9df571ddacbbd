#include "rules/buckets/starts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace shoumi::buckets {
namespace {

std::string BytesOf(const std::vector<uint32_t>& sizes, uint32_t& page_bits) {
  std::string bytes;
  page_bits = AppendStarts(bytes, sizes);
  return bytes;
}

void ExpectReads(const std::vector<uint32_t>& sizes, uint32_t bucket_bits, uint32_t page_bits) {
  uint32_t written = 0;
  const std::string bytes = BytesOf(sizes, written);
  EXPECT_EQ(written, page_bits);
  const uint64_t items = std::accumulate(sizes.begin(), sizes.end(), uint64_t{0});
  std::string_view left = bytes;
  Starts starts;
  ASSERT_TRUE(starts.Take(left, bucket_bits, written, items));
  EXPECT_TRUE(left.empty());
  uint64_t begin = 0;
  for (size_t bucket = 0; bucket < sizes.size(); ++bucket) {
    ASSERT_EQ(starts.Begin(bucket), begin) << bucket;
    begin += sizes[bucket];
  }
  EXPECT_EQ(starts.Begin(sizes.size()), items);
  for (const uint64_t wrong : {items - 1, items + 1}) {
    left = bytes;
    EXPECT_FALSE(Starts().Take(left, bucket_bits, written, wrong));
  }
}

TEST(BucketStarts, AreReadAsTheyWereWritten) {
  std::vector<uint32_t> sizes(1U << 9U);
  for (size_t i = 0; i < sizes.size(); ++i) sizes[i] = static_cast<uint32_t>(i * 7 % 11);
  ExpectReads(sizes, 9, Starts::kPageBits);
  ExpectReads({3}, 0, 0);
  ExpectReads({3, 0}, 1, 1);
  sizes[39] = 70'000;  // pages become shorter, until no other bucket lies behind it in its own
  ExpectReads(sizes, 9, 3);
  sizes[40] = 70'000;
  ExpectReads(sizes, 9, 0);
}

TEST(BucketStarts, AnItemMoreChangesItsPageAndANumberOfEachBehindIt) {
  std::vector<uint32_t> sizes(1U << 12U, 5);
  uint32_t page_bits = 0;
  const std::string before = BytesOf(sizes, page_bits);
  ++sizes[100];
  const std::string after = BytesOf(sizes, page_bits);
  ASSERT_EQ(before.size(), after.size());
  size_t changed = 0;
  for (size_t i = 0; i < before.size(); ++i) changed += before[i] == after[i] ? 0 : 1;
  EXPECT_LE(changed, sizes.size() / 32 * 2 + 2 * 32);
}

TEST(BucketStarts, DamageIsRefusedOrInBounds) {
  std::vector<uint32_t> sizes(64, 3);
  uint32_t page_bits = 0;
  const std::string bytes = BytesOf(sizes, page_bits);
  const uint64_t items = 64 * 3;
  size_t refused = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int change : {1, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      std::string_view left = damaged;
      Starts starts;
      if (!starts.Take(left, 6, page_bits, items)) {
        ++refused;
        continue;
      }
      for (size_t bucket = 0; bucket < sizes.size(); ++bucket) {
        ASSERT_LE(starts.Begin(bucket), starts.Begin(bucket + 1));
        ASSERT_LE(starts.Begin(bucket + 1), items);
      }
    }
  }
  EXPECT_GT(refused, bytes.size());
  for (size_t size = 0; size < bytes.size(); size += 8) {
    std::string_view cut = std::string_view(bytes).substr(0, size);
    EXPECT_FALSE(Starts().Take(cut, 6, page_bits, items));
  }
}

}  // namespace
}  // namespace shoumi::buckets
