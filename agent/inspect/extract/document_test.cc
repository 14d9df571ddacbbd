#include "agent/inspect/extract/extract.h"

#include "agent/inspect/extract/testing/recording_sink.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

using namespace std::string_view_literals;

TEST(ExtractDocument, EmptyContentIsClean) {
  const RecordingSink sink = ExtractBytes("");
  EXPECT_TRUE(sink.parts.empty());
  EXPECT_TRUE(sink.gaps.empty());
}

TEST(ExtractDocument, TheNameIsAPart) {
  RecordingSink sink;
  const auto source = MakeMemorySource("text");
  Context context(Limits(), sink, std::chrono::steady_clock::now() + std::chrono::seconds(5));
  ExtractDocument("客户\xFF.txt", *source, context);
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FILE_NAME), "客户\uFFFD.txt");
}

TEST(ExtractDocument, WhatIsNotReadIsNamedByItsContent) {
  const struct {
    std::string_view bytes;
    std::string_view type;
  } kCases[] = {
      {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"sv, "image/png"},
      {"\x7f"
       "ELF\2\1\1\0\0\0"sv,
       "application/x-elf"},
      {"MZ\x90\0\3\0\0\0"sv, "application/vnd.microsoft.portable-executable"},
  };
  for (const auto& one : kCases) {
    const RecordingSink sink = ExtractBytes(one.bytes);
    ASSERT_EQ(sink.gaps.size(), 1U) << one.type;
    EXPECT_EQ(sink.gaps[0].reason, v1::UNSCANNED_REASON_UNSUPPORTED);
    EXPECT_EQ(sink.gaps[0].detail, one.type);
    EXPECT_EQ(MediaTypeOf(one.bytes), one.type);
  }
}

TEST(ExtractDocument, TextThatStartsLikeABinaryIsText) {
  for (const std::string_view text : {"MZ is not a program", "BM and more words", "070701 1 2 3"}) {
    const RecordingSink sink = ExtractBytes(text);
    EXPECT_EQ(sink.AllText(), text);
    EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  }
}

TEST(ExtractDocument, UnknownBinaryIsUnsupported) {
  std::string noise;
  uint32_t state = 12345;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 1664525 + 1013904223;
    noise.push_back(static_cast<char>(state >> 24));
  }
  const RecordingSink sink = ExtractBytes(noise);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_UNSUPPORTED)) << sink.Gaps();
}

TEST(ExtractDocument, OversizeContentIsNamed) {
  Limits limits;
  limits.content_bytes_max = 10;
  EXPECT_TRUE(ExtractBytes("12345678901", limits).HasGap(v1::UNSCANNED_REASON_OVERSIZE));
  EXPECT_TRUE(ExtractBytes("1234567890", limits).gaps.empty());
}

TEST(ExtractDocument, TheDeadlineIsNamed) {
  const RecordingSink sink = ExtractBytes("text", Limits(), std::chrono::milliseconds(-1));
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_TIMEOUT)) << sink.Gaps();
}

TEST(Limits, ZeroTakesTheDefault) {
  v1::InspectLimits limits;
  EXPECT_EQ(LimitsFrom(limits).depth_max, Limits().depth_max);
  limits.set_archive_depth_max(2);
  limits.set_archive_entries_max(3);
  limits.set_expanded_bytes_max(4);
  limits.set_content_bytes_max(5);
  EXPECT_EQ(LimitsFrom(limits).depth_max, 2U);
  EXPECT_EQ(LimitsFrom(limits).entries_max, 3U);
  EXPECT_EQ(LimitsFrom(limits).expanded_bytes_max, 4U);
  EXPECT_EQ(LimitsFrom(limits).content_bytes_max, 5U);
}

}  // namespace
}  // namespace shoumi::inspect
