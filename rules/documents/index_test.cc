#include "rules/documents/index.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "rules/documents/collection.h"

namespace shoumi::documents {
namespace {

Key KeyOf(uint8_t seed) {
  Key key;
  for (size_t i = 0; i < key.bytes.size(); ++i) key.bytes[i] = static_cast<uint8_t>(seed + 7 * i);
  return key;
}

std::vector<uint64_t> Numbers(uint64_t from, uint64_t to) {
  std::vector<uint64_t> numbers;
  for (uint64_t n = from; n < to; ++n) numbers.push_back(n * 0x9E3779B97F4A7C15);
  return numbers;
}

// Documents with the numbers [0, 100), [50, 150) and [1000, 3000).
std::string SomeIndex(v1::CollectionKind kind) {
  IndexBuilder builder(kind, KeyOf(1));
  EXPECT_TRUE(builder.Add(800, Numbers(0, 100)).ok());
  EXPECT_TRUE(builder.Add(850, Numbers(50, 150)).ok());
  EXPECT_TRUE(builder.Add(17'000, Numbers(1000, 3000)).ok());
  return builder.Finish();
}

std::set<uint32_t> DocumentsWith(const Index& index, uint64_t fingerprint) {
  std::set<uint32_t> documents;
  for (const Entry& entry : index.At(fingerprint)) documents.insert(entry.document());
  return documents;
}

TEST(DocumentIndex, SaysWhichDocumentsHaveAFingerprint) {
  const std::string bytes = SomeIndex(v1::COLLECTION_KIND_PROTECTED);
  const auto index = Index::Open(bytes, KeyOf(1));
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(index->entries(), 2200U);
  ASSERT_EQ(index->documents().size(), 3U);
  EXPECT_EQ(index->documents()[1].units, 850U);
  EXPECT_EQ(index->documents()[2].fingerprints, 2000U);
  const auto numbers = Numbers(0, 4000);
  for (uint64_t n = 0; n < numbers.size(); ++n) {
    std::set<uint32_t> expected;
    if (n < 100) expected.insert(0);
    if (n >= 50 && n < 150) expected.insert(1);
    if (n >= 1000 && n < 3000) expected.insert(2);
    EXPECT_EQ(DocumentsWith(*index, numbers[n]), expected) << n;
  }
}

TEST(DocumentIndex, OfAnExcludedCollectionDocumentsAreOne) {
  const std::string bytes = SomeIndex(v1::COLLECTION_KIND_EXCLUDED);
  const auto index = Index::Open(bytes, KeyOf(1));
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(index->entries(), 2150U);
  EXPECT_EQ(DocumentsWith(*index, Numbers(70, 71)[0]), std::set<uint32_t>{0});
}

TEST(DocumentIndex, WhatTooManyDocumentsHaveIsLeftOutAndCounted) {
  IndexBuilder builder(v1::COLLECTION_KIND_PROTECTED, KeyOf(1));
  for (uint64_t document = 0; document <= kDocumentsPerFingerprintMax; ++document) {
    auto numbers = Numbers(0, 20);  // in all of them
    const auto own = Numbers(1000 + document * 10, 1000 + document * 10 + (document == 7 ? 2 : 10));
    numbers.insert(numbers.end(), own.begin(), own.end());
    ASSERT_TRUE(builder.Add(300, numbers).ok());
  }
  const std::string bytes = builder.Finish();
  EXPECT_EQ(builder.counts().shared, 20U);
  EXPECT_EQ(builder.counts().documents_short, 1U);
  const auto index = Index::Open(bytes, KeyOf(1));
  ASSERT_TRUE(index.ok());
  EXPECT_TRUE(index->At(Numbers(3, 4)[0]).empty());
  EXPECT_EQ(index->documents()[0].fingerprints, 10U);
  EXPECT_EQ(index->documents()[7].fingerprints, 2U);
}

// So that a document which comes or goes leaves the entries of the others as they are.
TEST(DocumentIndex, DocumentsHaveTheNumbersThatTheyAreGiven) {
  const auto made = [](std::vector<std::pair<uint64_t, uint32_t>> documents) {
    IndexBuilder builder(v1::COLLECTION_KIND_PROTECTED, KeyOf(1));
    std::vector<uint32_t> numbers;
    for (const auto& [from, number] : documents) {
      EXPECT_TRUE(builder.Add(800 + from, Numbers(from, from + 90)).ok());
      numbers.push_back(number);
    }
    std::string bytes = builder.Finish(numbers);
    EXPECT_EQ(builder.counts().documents, documents.size());
    EXPECT_EQ(builder.counts().documents_short, 0U);
    return bytes;
  };
  const std::string bytes = made({{0, 5}, {1000, 2}});
  const auto index = Index::Open(bytes, KeyOf(1));
  ASSERT_TRUE(index.ok()) << index.status();
  ASSERT_EQ(index->documents().size(), 6U);
  EXPECT_EQ(index->documents()[2].units, 1800U);
  EXPECT_EQ(index->documents()[0].units, 0U);
  EXPECT_EQ(DocumentsWith(*index, Numbers(3, 4)[0]), std::set<uint32_t>{5});
  EXPECT_EQ(bytes, made({{1000, 2}, {0, 5}})) << "the order does not count";
}

TEST(DocumentIndex, AnEmptyOneFindsNothing) {
  IndexBuilder builder(v1::COLLECTION_KIND_PROTECTED, KeyOf(1));
  const std::string bytes = builder.Finish();
  const auto index = Index::Open(bytes, KeyOf(1));
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_TRUE(index->At(17).empty());
}

TEST(DocumentIndex, OpensWithItsKeyAndKindOnly) {
  const std::string bytes = SomeIndex(v1::COLLECTION_KIND_PROTECTED);
  EXPECT_EQ(Index::Open(bytes, KeyOf(2)).status().message(),
            "an index of documents for another key");
  v1::DocumentIndex head;
  head.set_name("contracts");
  const Key key = KeyOf(1);
  head.set_key(std::string(key.bytes.begin(), key.bytes.end()));
  head.set_kind(v1::COLLECTION_KIND_EXCLUDED);
  EXPECT_EQ(Collection::Open(head, bytes).status().message(),
            "collection of documents 'contracts': its index is of the other kind");
  head.set_kind(v1::COLLECTION_KIND_PROTECTED);
  EXPECT_TRUE(Collection::Open(head, bytes).ok());
  head.set_key("short");
  EXPECT_FALSE(Collection::Open(head, bytes).ok());
  head.set_name("Contracts");
  EXPECT_EQ(Collection::Open(head, bytes).status().message(),
            "a collection of documents without a proper name");
}

TEST(DocumentIndex, HasNoFingerprintInClear) {
  const std::string bytes = SomeIndex(v1::COLLECTION_KIND_PROTECTED);
  for (const uint64_t number : Numbers(1, 100)) {
    EXPECT_EQ(bytes.find(std::string_view(reinterpret_cast<const char*>(&number) + 3, 5)),
              std::string::npos);
  }
}

// Each byte changed: refused, or harmless.
TEST(DocumentIndex, DamageIsRefusedOrHarmless) {
  IndexBuilder builder(v1::COLLECTION_KIND_PROTECTED, KeyOf(1));
  ASSERT_TRUE(builder.Add(800, Numbers(0, 60)).ok());
  ASSERT_TRUE(builder.Add(850, Numbers(30, 90)).ok());
  const std::string bytes = builder.Finish();
  size_t refused = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int change : {1, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      const auto index = Index::Open(damaged, KeyOf(1));
      if (!index.ok()) {
        ++refused;
        continue;
      }
      for (const uint64_t number : Numbers(0, 100)) {
        for (const Entry& entry : index->At(number)) {
          ASSERT_LT(entry.document(), index->documents().size());
        }
      }
    }
  }
  EXPECT_GT(refused, 3 * sizeof(Header) / 2);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Index::Open(std::string_view(bytes).substr(0, size), KeyOf(1)).ok()) << size;
  }
}

TEST(DocumentIndex, BoundsAreSaid) {
  IndexBuilder builder(v1::COLLECTION_KIND_PROTECTED, KeyOf(1), 100);
  EXPECT_TRUE(builder.Add(1, Numbers(0, 60)).ok());
  const absl::Status status = builder.Add(1, Numbers(100, 141));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "a collection has at most 16777216 documents and 100 fingerprints; split it");
  EXPECT_TRUE(builder.Add(1, Numbers(100, 140)).ok());
}

}  // namespace
}  // namespace shoumi::documents
