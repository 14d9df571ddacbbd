#include "agent/uplink/part_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace shoumi::agent {
namespace {

using ::testing::HasSubstr;

v1::BlobChunk Data(uint64_t offset, const std::string& data) {
  v1::BlobChunk chunk;
  chunk.set_offset(offset);
  chunk.set_data(data);
  return chunk;
}
v1::BlobChunk Copy(uint64_t offset, uint64_t from, uint64_t bytes) {
  v1::BlobChunk chunk;
  chunk.set_offset(offset);
  chunk.set_copy_offset(from);
  chunk.set_copy_bytes(bytes);
  return chunk;
}

class PartFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "part-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/blob.part";
    ASSERT_TRUE(ReplaceFile(folder_ + "/base", "0123456789", 0600).ok());
    base_fd_.Reset(::open((folder_ + "/base").c_str(), O_RDONLY | O_CLOEXEC));
    base_ = {"", base_fd_.get(), 10};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  std::string path_;
  UniqueFd base_fd_;
  FetchBase base_;
};

TEST_F(PartFileTest, TakesDataAndCopiesAndGoesOnWhereItWas) {
  {
    auto part = PartFile::Open(path_, 12, &base_);
    ASSERT_TRUE(part.ok()) << part.status();
    EXPECT_TRUE(part->Take(Data(0, "ab")).ok());
    EXPECT_TRUE(part->Take(Copy(2, 5, 5)).ok());
  }
  auto part = PartFile::Open(path_, 12, &base_);
  EXPECT_EQ(part->offset(), 7U);
  EXPECT_TRUE(part->Take(Copy(7, 0, 5)).ok());
  EXPECT_TRUE(part->Sync().ok());
  EXPECT_EQ(part->copied_bytes(), 5U);
  EXPECT_EQ(ReadFile(path_, 100).value(), "ab5678901234");
  EXPECT_EQ(PartFile::Open(path_, 11, &base_)->offset(), 0U);  // of another blob
  EXPECT_EQ(ReadFile(path_, 100).value(), "");
}

TEST_F(PartFileTest, WhatCannotBeTheNextChunkIsRefusedAndChangesNothing) {
  auto part = PartFile::Open(path_, 12, &base_);
  ASSERT_TRUE(part->Take(Data(0, "abc")).ok());
  v1::BlobChunk both = Data(3, "x");
  both.set_copy_bytes(1);
  const uint64_t most = UINT64_MAX;
  const std::pair<v1::BlobChunk, const char*> cases[] = {{Data(2, "x"), "another place"},
                                                         {Data(4, "x"), "another place"},
                                                         {Data(3, ""), "neither"},
                                                         {both, "both"},
                                                         {Data(3, "0123456789"), "more than"},
                                                         {Copy(3, 0, 10), "more than"},
                                                         {Copy(3, 0, most), "more than"},
                                                         {Copy(3, 2, 9), "where nothing is"},
                                                         {Copy(3, 11, 1), "where nothing is"},
                                                         {Copy(3, most, 1), "where nothing is"},
                                                         {Copy(3, most - 3, 8), "where nothing"}};
  for (const auto& [chunk, why] : cases) {
    const absl::Status status = part->Take(chunk);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << why;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  }
  EXPECT_EQ(ReadFile(path_, 100).value(), "abc");
  EXPECT_TRUE(part->Take(Copy(3, 1, 9)).ok());
  EXPECT_EQ(part->Take(Data(12, "x")).code(), absl::StatusCode::kDataLoss);
  auto without = PartFile::Open(path_, 20, nullptr);
  EXPECT_EQ(without->Take(Copy(12, 0, 1)).code(), absl::StatusCode::kDataLoss);
}

// One byte at a time: it would come to an end, but not soon.
TEST_F(PartFileTest, MessagesThatAreNotWorthItEnd) {
  auto part = PartFile::Open(path_, 1 << 20, &base_);
  absl::Status status;
  uint64_t taken = 0;
  for (; status.ok() && taken < 1 << 20; ++taken) status = part->Take(Copy(taken, 9, 1));
  EXPECT_THAT(std::string(status.message()), HasSubstr("more messages"));
  EXPECT_LT(taken, 1 << 18);
  // Those of an honest server, which sends the whole, do not.
  part = PartFile::Open(path_ + "2", 1 << 20, &base_);
  for (uint64_t offset = 0; offset < 1 << 20; offset += 1024) {
    ASSERT_TRUE(part->Take(Data(offset, std::string(1024, 'x'))).ok()) << offset;
  }
}

TEST_F(PartFileTest, AFullDiskIsNobodysData) {
  PartFile part(UniqueFd(::open("/dev/full", O_RDWR | O_CLOEXEC)), 12, &base_);
  EXPECT_EQ(part.Take(Data(0, "x")).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(part.broken());
  EXPECT_EQ(part.offset(), 0U);
  PartFile copied(UniqueFd(::open("/dev/full", O_RDWR | O_CLOEXEC)), 12, &base_);
  EXPECT_EQ(copied.Take(Copy(0, 0, 5)).code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace shoumi::agent
