#include <archive.h>
#include <archive_entry.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "agent/inspect/extract/archive/split.h"
#include "agent/inspect/extract/testing/archive_writer.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

using namespace std::string_view_literals;

const ArchiveRecipe kTar = {"Tar", archive_write_set_format_pax_restricted, nullptr, nullptr,
                            "application/x-tar"};
const ArchiveRecipe k7z = {"SevenZip", archive_write_set_format_7zip, nullptr, nullptr,
                           "application/x-7z-compressed"};
const ArchiveRecipe kGzip = {"Gzip", archive_write_set_format_raw, archive_write_add_filter_gzip,
                             nullptr, "application/gzip"};

class Formats : public ::testing::TestWithParam<ArchiveRecipe> {};

TEST_P(Formats, MembersAndTheirNamesAreRead) {
  const std::string docx_like = MakeZip({{"inner.txt", "里面的秘密"}});
  const std::string bytes =
      MakeArchive(GetParam(), {{"客户.txt", "机密资料"}, {"b.csv", "a,b\n"}, {"c.zip", docx_like}});
  const RecordingSink sink = ExtractBytes(bytes);
  // A compressed archive is an archive in a compressed file.
  const std::string at = GetParam().filter == nullptr ? "" : "content/";
  EXPECT_EQ(sink.TextOf(at + "客户.txt/first page"), "机密资料") << sink.Gaps();
  EXPECT_EQ(sink.TextOf(at + "客户.txt/name"), "客户.txt");
  EXPECT_EQ(sink.TextOf(at + "b.csv/first page"), "a,b\n");
  EXPECT_EQ(sink.TextOf(at + "c.zip/inner.txt/first page"), "里面的秘密");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(sink.broken, "");
  EXPECT_EQ(MediaTypeOf(bytes), GetParam().media_type);
}

// What is cut off says so, and what stood before it is read.
TEST_P(Formats, CutOffAnywhereIsSaid) {
  const std::string bytes = MakeArchive(
      GetParam(), {{"a.txt", std::string(200'000, 'a')}, {"b.txt", std::string(200'000, 'b')}});
  for (const size_t count : {size_t{14}, size_t{40}, bytes.size() / 10, bytes.size() * 3 / 10,
                             bytes.size() * 55 / 100}) {
    const RecordingSink sink = ExtractBytes(bytes.substr(0, count));
    // So little of some is text by all that can be told.
    EXPECT_TRUE(!sink.gaps.empty() || !sink.AllText().empty()) << count << " bytes gave no word";
    EXPECT_EQ(sink.broken, "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Archive, Formats,
    ::testing::Values(kTar, k7z,
                      ArchiveRecipe{"Ustar", archive_write_set_format_ustar, nullptr, nullptr,
                                    "application/x-tar"},
                      ArchiveRecipe{"GnuTar", archive_write_set_format_gnutar, nullptr, nullptr,
                                    "application/x-tar"},
                      ArchiveRecipe{"OldTar", archive_write_set_format_v7tar, nullptr, nullptr,
                                    "application/x-tar"},
                      ArchiveRecipe{"TarGz", archive_write_set_format_ustar,
                                    archive_write_add_filter_gzip, nullptr, "application/gzip"},
                      ArchiveRecipe{"TarBz2", archive_write_set_format_ustar,
                                    archive_write_add_filter_bzip2, nullptr, "application/x-bzip2"},
                      ArchiveRecipe{"TarXz", archive_write_set_format_ustar,
                                    archive_write_add_filter_xz, nullptr, "application/x-xz"},
                      ArchiveRecipe{"TarLzma", archive_write_set_format_ustar,
                                    archive_write_add_filter_lzma, nullptr, "application/x-lzma"},
                      ArchiveRecipe{"TarLzip", archive_write_set_format_ustar,
                                    archive_write_add_filter_lzip, nullptr, "application/lzip"},
                      ArchiveRecipe{"TarZstd", archive_write_set_format_ustar,
                                    archive_write_add_filter_zstd, nullptr, "application/zstd"},
                      ArchiveRecipe{"TarLz4", archive_write_set_format_ustar,
                                    archive_write_add_filter_lz4, nullptr, "application/x-lz4"},
                      ArchiveRecipe{"TarZ", archive_write_set_format_ustar,
                                    archive_write_add_filter_compress, nullptr,
                                    "application/x-compress"},
                      ArchiveRecipe{"CpioNewc", archive_write_set_format_cpio_newc, nullptr,
                                    nullptr, "application/x-cpio"},
                      ArchiveRecipe{"Cpio", archive_write_set_format_cpio_odc, nullptr, nullptr,
                                    "application/x-cpio"},
                      ArchiveRecipe{"Iso", archive_write_set_format_iso9660, nullptr, nullptr,
                                    "application/x-iso9660-image"},
                      ArchiveRecipe{"SevenZipStore", archive_write_set_format_7zip, nullptr,
                                    "7zip:compression=store", "application/x-7z-compressed"},
                      ArchiveRecipe{"SevenZipPpmd", archive_write_set_format_7zip, nullptr,
                                    "7zip:compression=ppmd", "application/x-7z-compressed"},
                      ArchiveRecipe{"SevenZipBzip2", archive_write_set_format_7zip, nullptr,
                                    "7zip:compression=bzip2", "application/x-7z-compressed"}),
    [](const auto& one) { return one.param.name; });

TEST(Archive, OneCompressedFileIsADocument) {
  const RecordingSink sink = ExtractBytes(MakeArchive(kGzip, {{"x", "标注：机密"}}));
  EXPECT_EQ(sink.TextOf("content/first page"), "标注：机密") << sink.Gaps();
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Archive, ACompressedFileOfNothingIsClean) {
  for (const auto filter : {archive_write_add_filter_gzip, archive_write_add_filter_xz,
                            archive_write_add_filter_zstd}) {
    const std::string nothing =
        MakeArchive({"", archive_write_set_format_raw, filter}, {{"x", ""}});
    EXPECT_TRUE(ExtractBytes(nothing).gaps.empty()) << ExtractBytes(nothing).Gaps();
    const RecordingSink sink = ExtractBytes(nothing + "机密 behind it, more than a header");
    EXPECT_TRUE(!sink.gaps.empty() || sink.AllText() == "机密 behind it, more than a header")
        << sink.AllText();
  }
}

TEST(Archive, ALongTextStreamsWithoutBeingHeld) {
  Limits limits;
  limits.memory_object_bytes_max = 100'000;
  std::string text;
  while (text.size() < 3'000'000) text += "a line of the log\n";
  text += "the last one";
  const RecordingSink sink = ExtractBytes(MakeArchive(kGzip, {{"x", text}}), limits);
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(sink.AllText(), text);
}

TEST(Archive, WhatNeedsMemoryIsBounded) {
  Limits limits;
  limits.memory_object_bytes_max = 100'000;
  const std::string zip = MakeZip({{"x", std::string(200'000, 'x') + "\1\2\3"}});
  const std::string noise(200'000, '\x5a');
  const RecordingSink sink =
      ExtractBytes(MakeArchive(kTar, {{"z.zip", zip + noise}, {"after", "seen"}}), limits);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_OVERSIZE)) << sink.Gaps();
  EXPECT_EQ(sink.TextOf("after/first page"), "seen") << sink.Gaps();
}

TEST(Archive, NestsInEachOtherToADepth) {
  std::string bytes = MakeArchive(kTar, {{"bottom.txt", "the bottom"}});
  for (int i = 0; i < 3; ++i) bytes = MakeArchive(i % 2 == 0 ? k7z : kTar, {{"x", bytes}});
  EXPECT_EQ(ExtractBytes(bytes).TextOf("x/x/x/bottom.txt/first page"), "the bottom");
  for (int i = 0; i < 8; ++i) bytes = MakeArchive(kTar, {{"x", bytes}});
  const RecordingSink sink = ExtractBytes(bytes);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_TOO_DEEP)) << sink.Gaps();
}

TEST(Archive, EntriesAndBytesAreBounded) {
  std::vector<ArchiveFile> files(30, ArchiveFile{"f", std::string(1000, 't')});
  for (size_t i = 0; i < files.size(); ++i) files[i].name += std::to_string(i);
  const std::string bytes = MakeArchive(kTar, files);
  Limits few;
  few.entries_max = 10;
  const RecordingSink counted = ExtractBytes(bytes, few);
  EXPECT_TRUE(counted.HasGap(v1::UNSCANNED_REASON_TOO_MANY)) << counted.Gaps();
  EXPECT_EQ(counted.AllText().size(), 10'000U);
  Limits small;
  small.expanded_bytes_max = 5'000;
  const RecordingSink weighed = ExtractBytes(bytes, small);
  EXPECT_TRUE(weighed.HasGap(v1::UNSCANNED_REASON_OVERSIZE)) << weighed.Gaps();
  EXPECT_EQ(weighed.gaps.size(), 1U) << weighed.Gaps();
}

TEST(Archive, ContentThatStartsWithZerosIsNoEmptyTar) {
  const std::string text = std::string(4096, '\0') + "标注：机密";
  EXPECT_NE(ExtractBytes(MakeArchive(kGzip, {{"x", text}})).AllText().find("标注：机密"),
            std::string::npos);
}

TEST(Archive, WhatIsBehindItsEndIsRead) {
  for (const ArchiveRecipe& recipe : {kTar, kGzip}) {
    const std::string bytes = MakeArchive(recipe, {{"a", "inside"}});
    for (const size_t zeros : {size_t{0}, size_t{20'480}, size_t{100'000}}) {
      const RecordingSink sink = ExtractBytes(bytes + std::string(zeros, '\0') + "机密 behind it");
      EXPECT_EQ(sink.TextOf("behind the archive/first page"), "机密 behind it")
          << recipe.name << ' ' << zeros << ' ' << sink.Gaps();
    }
    EXPECT_EQ(ExtractBytes(bytes + std::string(20'480, '\0')).AllText(), "inside") << recipe.name;
    const RecordingSink nested = ExtractBytes(MakeArchive(k7z, {{"x", bytes + "behind it"}}));
    EXPECT_EQ(nested.TextOf("x/behind the archive/first page"), "behind it") << nested.Gaps();
  }
}

// A reader looks for one more gzip header than there is, which lies in the block of the file after
// that where the archive ends.
TEST(Archive, WhatIsBehindAnEndBetweenTwoBlocksIsRead) {
  constexpr size_t kBlockBytes = 64 << 10;
  constexpr size_t kHeaderBytes = 10;
  const std::string nothing = MakeArchive(kGzip, {{"x", ""}});
  std::string bytes;
  std::string noise;
  for (uint32_t state = 1; bytes.empty(); state = state * 1664525 + 1013904223) {
    noise += static_cast<char>(state >> 24);
    if (noise.size() < 60'000) continue;
    bytes = MakeArchive(kGzip, {{"x", noise}});
    while (bytes.size() + nothing.size() < kBlockBytes) bytes += nothing;
    if (bytes.size() + kHeaderBytes <= kBlockBytes) bytes.clear();
  }
  ASSERT_LT(bytes.size(), kBlockBytes);
  const RecordingSink sink = ExtractBytes(bytes + "机密 behind it");
  EXPECT_EQ(sink.TextOf("behind the archive/first page"), "机密 behind it") << sink.Gaps();
}

TEST(Archive, ABombIsNamed) {
  const std::string bomb = MakeArchive(kGzip, {{"x", std::string(200 << 20, '\0')}});
  const RecordingSink sink = ExtractBytes(bomb, Limits(), std::chrono::seconds(30), false);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_OVERSIZE)) << bomb.size() << ": " << sink.Gaps();
}

TEST(Archive, LinksAndFoldersAreNames) {
  std::string bytes;
  archive* const a = ::archive_write_new();
  ::archive_write_set_format_pax_restricted(a);
  ::archive_write_open(a, &bytes, nullptr, AppendTo, nullptr);
  archive_entry* const entry = ::archive_entry_new();
  ::archive_entry_set_pathname(entry, "link");
  ::archive_entry_set_filetype(entry, AE_IFLNK);
  ::archive_entry_set_symlink(entry, "绝密-目标");
  ::archive_write_header(a, entry);
  ::archive_entry_clear(entry);
  ::archive_entry_set_pathname(entry, "机密文件夹");
  ::archive_entry_set_filetype(entry, AE_IFDIR);
  ::archive_write_header(a, entry);
  ::archive_entry_free(entry);
  ::archive_write_close(a);
  ::archive_write_free(a);
  const RecordingSink sink = ExtractBytes(bytes);
  EXPECT_EQ(sink.TextOf("link/name"), "link\n绝密-目标") << sink.Gaps();
  EXPECT_EQ(sink.TextOf("机密文件夹//name"), "机密文件夹/");
}

// As py7zr writes them.
TEST(Archive, MembersOfNoKindAreRead) {
  std::string bytes;
  archive* const a = ::archive_write_new();
  ::archive_write_set_format_cpio_newc(a);
  ::archive_write_open(a, &bytes, nullptr, AppendTo, nullptr);
  archive_entry* const entry = ::archive_entry_new();
  ::archive_entry_set_pathname(entry, "plan.txt");
  ::archive_entry_set_mode(entry, AE_IFREG | 0644);
  ::archive_entry_set_size(entry, 6);
  ::archive_write_header(a, entry);
  ::archive_write_data(a, "机密", 6);
  ::archive_entry_free(entry);
  ::archive_write_close(a);
  ::archive_write_free(a);
  const size_t mode = bytes.find("000081a4");
  ASSERT_NE(mode, std::string::npos);
  bytes.replace(mode, 8, "000001a4");
  const RecordingSink sink = ExtractBytes(bytes);
  EXPECT_EQ(sink.TextOf("plan.txt/first page"), "机密") << sink.Gaps();
}

// Archives that other programs made: 7zz with a password (names readable, names hidden), and the
// first of two volumes of rar 4 and rar 5, as their headers begin.
TEST(Archive, SplitVolumesAreKnown) {
  const std::string whole = MakeArchive(k7z, {{"a", "content"}});
  EXPECT_FALSE(IsSplitVolume(whole, whole.size()));
  EXPECT_TRUE(IsSplitVolume(whole, whole.size() - 1));
  EXPECT_TRUE(IsSplitVolume("Rar!\x1a\x07\0\0\0\x73\x01\0\x0d\0"sv, 100));
  EXPECT_FALSE(IsSplitVolume("Rar!\x1a\x07\0\0\0\x73\0\0\x0d\0"sv, 100));
  EXPECT_TRUE(IsSplitVolume("Rar!\x1a\x07\x01\0CRC!\x05\x01\0\x01\0"sv, 100));
  EXPECT_TRUE(IsSplitVolume("Rar!\x1a\x07\x01\0CRC!\x05\x01\x01\x81\x01\x01\0"sv, 100));
  EXPECT_FALSE(IsSplitVolume("Rar!\x1a\x07\x01\0CRC!\x05\x01\0\x04\0"sv, 100));
  EXPECT_FALSE(IsSplitVolume("Rar!\x1a\x07\x01\0"sv, 100));
  const RecordingSink sink = ExtractBytes(whole.substr(0, whole.size() - 1));
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_UNSUPPORTED)) << sink.Gaps();
}

std::string Run7zz(const std::string& options) {
  std::string folder = ::testing::TempDir() + "archive-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return "";
  const std::string command = "cd " + folder + " && printf '机密' > a.txt && 7zz a -bd " + options +
                              " made.7z a.txt >/dev/null && cat made.7z; rm -rf " + folder;
  std::string bytes;
  FILE* const out = ::popen(command.c_str(), "r");
  if (out == nullptr) return "";
  char block[4096];
  for (size_t got = 0; (got = std::fread(block, 1, sizeof block, out)) > 0;)
    bytes.append(block, got);
  ::pclose(out);
  return bytes;
}

TEST(Archive, EncryptedIsNamed) {
  const std::string content = Run7zz("-psecret");
  const std::string all = Run7zz("-psecret -mhe=on");
  ASSERT_FALSE(content.empty() || all.empty()) << "needs 7zz";
  const RecordingSink sink = ExtractBytes(content);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_ENCRYPTED)) << sink.Gaps();
  EXPECT_EQ(sink.TextOf("a.txt/name"), "a.txt");
  const RecordingSink hidden = ExtractBytes(all);
  EXPECT_TRUE(hidden.HasGap(v1::UNSCANNED_REASON_ENCRYPTED)) << hidden.Gaps();
}

TEST(Archive, A7zWithALargeDictionaryIsRead) {
  const std::string plain = Run7zz("-m0=lzma2:d=64m");
  ASSERT_FALSE(plain.empty()) << "needs 7zz";
  EXPECT_EQ(ExtractBytes(plain).TextOf("a.txt/first page"), "机密");
}

}  // namespace
}  // namespace shoumi::inspect
