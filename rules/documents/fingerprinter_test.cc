#include "rules/documents/fingerprinter.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"

namespace shoumi::documents {
namespace {

std::string Prose(size_t sentences) {
  std::string text;
  for (size_t i = 0; i < sentences; ++i) {
    text += fmt::format("第{}条 供应商{}应于{}日内交付编号{}的设备，逾期每日按{}元计收违约金。\n",
                        i, i * 7 % 31, i % 60, i * 977, i * 13 % 990);
  }
  return text;
}

std::vector<uint64_t> Fingerprints(Fingerprinter& of, v1::PartKind kind, std::string_view text,
                                   size_t piece) {
  of.BeginPart(kind);
  while (!text.empty()) {
    const size_t size = piece >= text.size() ? text.size() : rules::CharFloor(text, piece);
    EXPECT_TRUE(of.Text(text.substr(0, size)).ok());
    text.remove_prefix(size);
  }
  EXPECT_TRUE(of.EndPart().ok());
  return of.Finish();
}

TEST(Fingerprinter, CutsChangeNothing) {
  const std::string text = Prose(3000);  // more than one piece of its own
  Fingerprinter of(v1::COLLECTION_KIND_PROTECTED);
  const auto whole = Fingerprints(of, v1::PART_KIND_BODY, text, text.size());
  EXPECT_GT(whole.size(), 3000U);
  EXPECT_EQ(Fingerprints(of, v1::PART_KIND_BODY, text, 1000), whole);
  EXPECT_EQ(Fingerprints(of, v1::PART_KIND_CELLS, text, 4), whole);
}

TEST(Fingerprinter, WidthIsNothing) {
  Fingerprinter of(v1::COLLECTION_KIND_PROTECTED);
  EXPECT_EQ(
      Fingerprints(
          of, v1::PART_KIND_BODY,
          "ＣＯＮＴＲＡＣＴ　２０２６ between party Ａ and party Ｂ on the sale of goods today",
          1000),
      Fingerprints(of, v1::PART_KIND_BODY,
                   "contract 2026 between party a and party b on the sale of goods today", 1000));
}

TEST(Fingerprinter, WhatAllPapersOfAHouseShareIsNotCounted) {
  Fingerprinter of(v1::COLLECTION_KIND_PROTECTED);
  for (const auto kind : {v1::PART_KIND_HEADER, v1::PART_KIND_FOOTER, v1::PART_KIND_WATERMARK,
                          v1::PART_KIND_PROPERTY, v1::PART_KIND_FILE_NAME}) {
    EXPECT_TRUE(Fingerprints(of, kind, Prose(20), 1000).empty());
    EXPECT_EQ(of.units(), 0U);
  }
}

TEST(Fingerprinter, OfAnExcludedDocumentEachPlaceIsKept) {
  Fingerprinter protects(v1::COLLECTION_KIND_PROTECTED);
  Fingerprinter excludes(v1::COLLECTION_KIND_EXCLUDED);
  const auto few = Fingerprints(protects, v1::PART_KIND_BODY, Prose(50), 1000);
  const auto all = Fingerprints(excludes, v1::PART_KIND_HEADER, Prose(50), 1000);
  EXPECT_GT(all.size(), 6 * few.size());
  EXPECT_TRUE(std::includes(all.begin(), all.end(), few.begin(), few.end()));
}

TEST(Fingerprinter, TheBoundIsSaid) {
  Fingerprinter of(v1::COLLECTION_KIND_EXCLUDED);
  of.BeginPart(v1::PART_KIND_BODY);
  absl::Status status;
  uint64_t fed = 0;
  for (uint64_t i = 0; status.ok() && fed < 2 * kFingerprintsPerDocumentMax; ++i) {
    std::string text;
    for (int word = 0; word < 1000; ++word) text += fmt::format("w{} ", fed++);
    status = of.Text(text);
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "more than 900000 fingerprints");
}

}  // namespace
}  // namespace shoumi::documents
