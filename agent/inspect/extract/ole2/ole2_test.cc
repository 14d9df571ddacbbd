#include <string>
#include <tuple>

#include "agent/inspect/extract/testing/ole2_writer.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "common/fd.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

TEST(Ole2, EncryptedOfficeDocumentsAreNamed) {
  const RecordingSink sink =
      ExtractBytes(MakeOle2({{"EncryptionInfo", "x"}, {"EncryptedPackage", "y"}}));
  ASSERT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
  EXPECT_EQ(sink.gaps[0].reason, v1::UNSCANNED_REASON_ENCRYPTED);
}

TEST(Ole2, WhatIsDamagedOrUnknownIsNamed) {
  const std::tuple<const char*, const char*, v1::UnscannedReason> kCases[] = {
      {"WordDocument", "application/msword", v1::UNSCANNED_REASON_UNSUPPORTED},
      {"Workbook", "application/vnd.ms-excel", v1::UNSCANNED_REASON_CORRUPT},
      {"PowerPoint Document", "application/vnd.ms-powerpoint", v1::UNSCANNED_REASON_CORRUPT},
      {"VisioDocument", "application/vnd.visio", v1::UNSCANNED_REASON_UNSUPPORTED},
      {"anything", "application/x-ole-storage", v1::UNSCANNED_REASON_UNSUPPORTED},
  };
  for (const auto& [stream, type, reason] : kCases) {
    const std::string bytes = MakeOle2({{stream, ""}});
    const RecordingSink sink = ExtractBytes(bytes);
    ASSERT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
    EXPECT_EQ(sink.gaps[0].reason, reason) << sink.Gaps();
    EXPECT_EQ(MediaTypeOf(bytes), type);
  }
}

// Written by LibreOffice out of a text and a CSV.
std::string Seed(const std::string& name) {
  const auto bytes =
      ReadFile(SHOUMI_SOURCE_DIR "/tests/fuzz/seeds/extract_ole2_fuzz/" + name, 1 << 20);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.value_or("");
}

TEST(Ole2, AWordDocumentIsRead) {
  const RecordingSink sink = ExtractBytes(Seed("word97"));
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(sink.TextOf("first page"),
            "标题\n机密★10年\n身份证号 11010519491231002X 联系人 13912345678\n");
}

TEST(Ole2, AWorkbookIsRead) {
  const RecordingSink sink = ExtractBytes(Seed("excel97"));
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_CELLS),
            "姓名\t证件\t电话\n王小明\t11010519491231002X\t13912345678");
}

// An atom: version and instance, type, length.
std::string Atom(uint16_t type, const std::string& content, uint16_t version = 0) {
  const auto size = static_cast<uint32_t>(content.size());
  std::string atom;
  for (const uint32_t part : {uint32_t{version}, uint32_t{type}}) {
    atom += {static_cast<char>(part), static_cast<char>(part >> 8)};
  }
  for (int shift = 0; shift < 32; shift += 8) atom += static_cast<char>(size >> shift);
  return atom + content;
}

TEST(Ole2, APresentationIsReadByPlace) {
  const std::string secret = "\x3a\x67\xc6\x5b";  // 机密
  const std::string stream =
      Atom(0x03EE, Atom(0x0FA0, secret), 0xF) + Atom(0x03EE, Atom(0x0FA8, "second"), 0xF) +
      Atom(0x03F0, Atom(0x0FA8, "a note"), 0xF) + Atom(0x0FD9, Atom(0x0FBA, secret), 0xF);
  const RecordingSink sink = ExtractBytes(MakeOle2({{"PowerPoint Document", stream}}));
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FIRST_PAGE), "机密\n") << sink.Gaps();
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_BODY), "second\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_NOTES), "a note\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FOOTER), "机密\n");
  const RecordingSink locked =
      ExtractBytes(MakeOle2({{"PowerPoint Document", Atom(0x0FF5, std::string(32, '\0'))}}));
  EXPECT_TRUE(locked.HasGap(v1::UNSCANNED_REASON_ENCRYPTED)) << locked.Gaps();
}

// Whatever is cut off or changed: an end, and never a rule of the sink broken.
TEST(Ole2, DamageEndsInOrder) {
  for (const char* name : {"word97", "excel97"}) {
    const std::string whole = Seed(name);
    for (size_t at = 512; at < whole.size(); at += 37) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ 0xff);
      EXPECT_EQ(ExtractBytes(changed).broken, "") << name << ' ' << at;
      EXPECT_EQ(ExtractBytes(whole.substr(0, at)).broken, "") << name << ' ' << at;
    }
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
