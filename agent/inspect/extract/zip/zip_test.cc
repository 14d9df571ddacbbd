#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "agent/inspect/extract/zip/archive.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

TEST(Zip, ReadsMembersAndTheirNames) {
  const std::string zip = MakeZip({{"客户.txt", "机密资料"}, {"dir/", ""}, {"dir/b.csv", "a,b\n"}});
  const RecordingSink sink = ExtractBytes(zip);
  EXPECT_EQ(sink.TextOf("客户.txt/first page"), "机密资料");
  EXPECT_EQ(sink.TextOf("dir/b.csv/first page"), "a,b\n");
  EXPECT_EQ(sink.TextOf("客户.txt/name"), "客户.txt");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FILE_NAME), "客户.txtdir/dir/b.csv");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(MediaTypeOf(zip), "application/zip");
}

TEST(Zip, NestsAndNamesTheWay) {
  const std::string inner = MakeZip({{"a.txt", "深"}});
  const std::string outer = MakeZip({{"inner.zip", inner}, {"b.txt", "外"}});
  const RecordingSink sink = ExtractBytes(outer);
  EXPECT_EQ(sink.TextOf("inner.zip/a.txt/first page"), "深");
  EXPECT_EQ(sink.TextOf("b.txt/first page"), "外");
}

TEST(Zip, DepthIsBounded) {
  std::string zip = "the bottom";
  for (int i = 0; i < 12; ++i) zip = MakeZip({{"x", zip}, {"side", "seen"}});
  const RecordingSink sink = ExtractBytes(zip);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_TOO_DEEP)) << sink.Gaps();
  EXPECT_EQ(sink.AllText().find("the bottom"), std::string::npos);
  EXPECT_EQ(sink.TextOf("x/x/side/first page"), "seen");
}

TEST(Zip, EntriesAreBounded) {
  ZipWriter writer;
  for (int i = 0; i < 30; ++i) writer.Add("f" + std::to_string(i), "t");
  Limits limits;
  limits.entries_max = 10;
  const RecordingSink sink = ExtractBytes(writer.Finish(), limits);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_TOO_MANY)) << sink.Gaps();
  EXPECT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
  EXPECT_EQ(sink.AllText(), std::string(10, 't'));
}

TEST(Zip, ExpandedBytesAreBounded) {
  Limits limits;
  limits.expanded_bytes_max = 1'000'000;
  const std::string zip =
      MakeZip({{"a", std::string(900'000, 'a')}, {"b", std::string(900'000, 'b')}});
  const RecordingSink sink = ExtractBytes(zip, limits);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_OVERSIZE)) << sink.Gaps();
  EXPECT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
}

TEST(Zip, AMemberHeldInMemoryIsBounded) {
  Limits limits;
  limits.memory_object_bytes_max = 100'000;
  std::string noise;
  uint32_t state = 1;
  for (int i = 0; i < 150'000; ++i) {
    state = state * 1664525 + 1013904223;
    noise.push_back(static_cast<char>('a' + (state >> 24) % 26));
  }
  const std::string inner = MakeZip({{"a", noise}, {"b", noise}});
  const RecordingSink sink =
      ExtractBytes(MakeZip({{"inner.zip", inner}, {"plain", noise}}), limits);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_OVERSIZE)) << sink.Gaps();
  EXPECT_TRUE(sink.AllText() == noise);  // text is streamed, however long
}

TEST(Zip, EncryptedMembersAreNamedAndTheRestIsRead) {
  ZipWriter writer;
  ZipWriter::Options locked;
  locked.encrypted_flag = true;
  writer.Add("绝密.txt", "scrambled bytes here", locked);
  writer.Add("open.txt", "readable");
  const RecordingSink sink = ExtractBytes(writer.Finish());
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_ENCRYPTED)) << sink.Gaps();
  EXPECT_EQ(sink.gaps[0].part, "绝密.txt");
  EXPECT_EQ(sink.AllText(), "readable");
  EXPECT_EQ(sink.TextOf("绝密.txt/name"), "绝密.txt");
}

TEST(Zip, UnknownMethodsAreNamed) {
  ZipWriter writer;
  ZipWriter::Options odd;
  odd.method = 97;  // WavPack
  writer.Add("odd", "some bytes", odd);
  EXPECT_TRUE(ExtractBytes(writer.Finish()).HasGap(v1::UNSCANNED_REASON_UNSUPPORTED));
}

TEST(Zip, DamagedMembersAreNamedAndTheRestIsRead) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919) + " ";
  ZipWriter writer;
  ZipWriter::Options damaged;
  damaged.damage = true;
  writer.Add("bad", text, damaged);
  writer.Add("good", "readable");
  const RecordingSink sink = ExtractBytes(writer.Finish());
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_PARTIAL) ||
              sink.HasGap(v1::UNSCANNED_REASON_CORRUPT))
      << sink.Gaps();
  EXPECT_NE(sink.AllText().find("readable"), std::string::npos);
}

TEST(Zip, ADirectoryThatIsCutOffIsCorrupt) {
  const std::string zip = MakeZip({{"a.txt", "text of the member"}});
  for (size_t cut = 4; cut < zip.size(); ++cut) {
    const RecordingSink sink = ExtractBytes(zip.substr(0, cut));
    EXPECT_FALSE(sink.gaps.empty()) << cut;
    EXPECT_EQ(sink.broken, "");
  }
}

TEST(Zip, NamesOfChineseMachinesAreDecoded) {
  ZipWriter writer;
  ZipWriter::Options plain;
  plain.utf8_flag = false;
  writer.Add("\xbb\xfa\xc3\xdc\xc1\xcf.txt", "x", plain);  // GBK
  writer.Add("na\x8bve.txt", "y", plain);                  // CP437
  const RecordingSink sink = ExtractBytes(writer.Finish());
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FILE_NAME), "机密料.txtnaïve.txt");
}

TEST(Zip, CommentsAndWhatIsBehindTheArchiveAreRead) {
  const std::string secret = "王小明 13812345678";
  std::string zip = MakeZip({{"a.txt", "text"}});
  EXPECT_TRUE(ExtractBytes(zip).gaps.empty());
  const RecordingSink behind = ExtractBytes(zip + secret);
  EXPECT_NE(behind.AllText().find(secret), std::string::npos) << behind.Gaps();
  zip[zip.size() - 2] = static_cast<char>(secret.size());
  const RecordingSink comment = ExtractBytes(zip + secret);
  EXPECT_EQ(comment.TextOf(v1::PART_KIND_COMMENT), secret + "\n");
  EXPECT_EQ(comment.TextOf("a.txt/first page"), "text");
}

TEST(Zip, AnEmptyArchiveIsClean) {
  const RecordingSink sink = ExtractBytes(MakeZip({}));
  EXPECT_TRUE(sink.parts.empty());
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

}  // namespace
}  // namespace shoumi::inspect
