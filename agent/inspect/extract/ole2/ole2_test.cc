#include "agent/inspect/extract/testing/ole2_writer.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

TEST(Ole2, EncryptedOfficeDocumentsAreNamed) {
  const RecordingSink sink =
      ExtractBytes(MakeOle2({{"EncryptionInfo", "x"}, {"EncryptedPackage", "y"}}));
  ASSERT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
  EXPECT_EQ(sink.gaps[0].reason, v1::UNSCANNED_REASON_ENCRYPTED);
}

TEST(Ole2, LegacyDocumentsAreToldApart) {
  const std::pair<const char*, const char*> kCases[] = {
      {"WordDocument", "application/msword"},
      {"Workbook", "application/vnd.ms-excel"},
      {"PowerPoint Document", "application/vnd.ms-powerpoint"},
      {"anything", "application/x-ole-storage"},
  };
  for (const auto& [stream, type] : kCases) {
    const std::string bytes = MakeOle2({{stream, ""}});
    const RecordingSink sink = ExtractBytes(bytes);
    ASSERT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
    EXPECT_EQ(sink.gaps[0].reason, v1::UNSCANNED_REASON_UNSUPPORTED);
    EXPECT_EQ(sink.gaps[0].detail, type);
    EXPECT_EQ(MediaTypeOf(bytes), type);
  }
}

TEST(Ole2, PasswordsOfLegacyDocumentsAreNamed) {
  const std::string word("\xec\xa5\xc1\0\0\0\0\0\0\0\0\x01", 12);
  EXPECT_TRUE(
      ExtractBytes(MakeOle2({{"WordDocument", word}})).HasGap(v1::UNSCANNED_REASON_ENCRYPTED));
  const std::string excel("\x09\x08\x02\0\0\0\x2f\0\0\0", 10);
  EXPECT_TRUE(ExtractBytes(MakeOle2({{"Workbook", excel}})).HasGap(v1::UNSCANNED_REASON_ENCRYPTED));
}

TEST(Ole2, ObjectPackagesAreOpened) {
  const std::string zip = MakeZip({{"list.txt", "王小明"}});
  const RecordingSink sink =
      ExtractBytes(MakeOle2({{"\x01Ole10Native", MakeOleNative("a.zip", zip)}}));
  EXPECT_EQ(sink.TextOf("a.zip/list.txt/first page"), "王小明") << sink.Gaps();
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Ole2, APackageShorterThanItSaysIsNamed) {
  std::string native = MakeOleNative("a.txt", "some text");
  const size_t size = native.rfind(std::string("\x09\0\0\0", 4));
  ASSERT_NE(size, std::string::npos);
  native.replace(size, 4, std::string("\0\0\x01\0", 4));
  const RecordingSink sink = ExtractBytes(MakeOle2({{"\x01Ole10Native", native}}));
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << sink.Gaps();
}

TEST(Ole2, AStreamBesideTheObjectIsNamed) {
  const std::string object = MakeOleNative("a.txt", "some text");
  const RecordingSink clean = ExtractBytes(
      MakeOle2({{"\x01Ole10Native", object}, {"\1CompObj", "x"}, {"\2OlePres000", "x"}}));
  EXPECT_TRUE(clean.gaps.empty()) << clean.Gaps();
  const RecordingSink sink =
      ExtractBytes(MakeOle2({{"\x01Ole10Native", object}, {"secret", "hidden"}}));
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_UNSUPPORTED)) << sink.Gaps();
}

TEST(Ole2, CutOffAtAnyPlaceIsNamed) {
  const std::string whole = MakeOle2({{"\x01Ole10Native", MakeOleNative("a.txt", "some text")}});
  for (size_t cut = 8; cut < whole.size(); cut += 97) {
    const RecordingSink sink = ExtractBytes(whole.substr(0, cut));
    EXPECT_TRUE(!sink.gaps.empty() || sink.AllText() == "some text") << cut;
  }
}

TEST(Ole2, ChainsThatMeetThemselvesEnd) {
  std::string bytes = MakeOle2({{"Package", std::string(20'000, 'x')}});
  for (size_t i = 512; i + 4 <= 1024; i += 4) bytes.replace(i, 4, std::string("\x02\0\0\0", 4));
  EXPECT_EQ(ExtractBytes(bytes).broken, "");
}

}  // namespace
}  // namespace shoumi::inspect
