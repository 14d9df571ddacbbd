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

// A package marked as a container, a record that reaches out of its own, room between records.
RecordingSink Slides(const std::string& stream) {
  return ExtractBytes(MakeOle2({{"PowerPoint Document", stream}}));
}

TEST(Ole2, APresentationIsReadBehindWhatIsNoRecord) {
  const std::string package = MakeZip({{"a.txt", "in the package"}});
  const RecordingSink styled = Slides(Atom(0x03E8, Atom(0x0428, package, 0xF), 0xF) +
                                      Atom(0x03EE, Atom(0x0FA8, "first"), 0xF));
  EXPECT_EQ(styled.TextOf("table styles/a.txt/first page"), "in the package") << styled.Gaps();
  EXPECT_EQ(styled.TextOf("slide1"), "first\n");
  EXPECT_TRUE(styled.gaps.empty()) << styled.Gaps();

  std::string reaching = Atom(0x0FA8, "lost");
  reaching[4] = '\x7f';
  const RecordingSink damaged =
      Slides(Atom(0x03EE, reaching, 0xF) + Atom(0x03EE, Atom(0x0FA8, "after"), 0xF));
  EXPECT_EQ(damaged.TextOf("slides"), "after\n");
  EXPECT_TRUE(damaged.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << damaged.Gaps();

  std::string room = Atom(0x03EE, Atom(0x0FA8, "before"), 0xF);
  room.resize(4096);
  // The first bytes of what follows are zeros as well.
  const RecordingSink saved = Slides(room + Atom(0x0FA8, "after"));
  EXPECT_EQ(saved.TextOf("presentation"), "after\n") << saved.Gaps();
}

// A record of a workbook: type, length.
std::string Record(uint16_t type, const std::string& content) {
  std::string record;
  for (const size_t part : {size_t{type}, content.size()}) {
    record += {static_cast<char>(part), static_cast<char>(part >> 8)};
  }
  return record + content;
}

std::string Biff8(const std::string& records) {
  const std::string begin = Record(0x0809, std::string("\0\x06\x10\0", 4));
  return MakeOle2({{"Workbook", begin + records + Record(0x000A, "")}});
}

TEST(Ole2, StringsThatNoCellShowsAndEveryHeaderAreRead) {
  const std::string strings("\2\0\0\0\2\0\0\0\4\0\0used\6\0\0hidden", 24);
  const std::string cell("\0\0\0\0\0\0\0\0\0\0", 10);
  const RecordingSink sink =
      ExtractBytes(Biff8(Record(0x00FC, strings) + Record(0x0014, std::string("\4\0\0one\n", 7)) +
                         Record(0x0014, std::string("\3\0\0two", 6)) + Record(0x00FD, cell)));
  EXPECT_EQ(sink.TextOf("sheet1"), "used") << sink.Gaps();
  EXPECT_EQ(sink.TextOf("sharedStrings"), "hidden\n");
  EXPECT_EQ(sink.TextOf("header1"), "one\ntwo");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Ole2, CellsThatShareALongStringAreBounded) {
  std::string strings("\1\0\0\0\1\0\0\0\x10\x27\0", 11);
  strings += std::string(10'000, 'x');
  std::string records = Record(0x00FC, strings);
  for (int i = 0; i < 5'000; ++i) records += Record(0x00FD, std::string(10, '\0'));
  Limits limits;
  limits.expanded_bytes_max = 1 << 20;
  const RecordingSink sink = ExtractBytes(Biff8(records), limits);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_OVERSIZE)) << sink.Gaps();
  EXPECT_LT(sink.text_bytes, 2U << 20);
}

TEST(Ole2, PropertiesBeyondTheBoundAreSaid) {
  std::string set(28 + 16, '\0');
  set.replace(0, 2, "\xfe\xff");
  set[24] = 1;
  set += std::string("\x30\0\0\0", 4) + std::string("\x08\0\0\0\xe9\x03\0\0", 8);
  EXPECT_TRUE(ExtractBytes(MakeOle2({{"\5SummaryInformation", set}}))
                  .HasGap(v1::UNSCANNED_REASON_TOO_MANY));
}

TEST(Ole2, PropertiesThatShareTheirBytesAreNotReadAgainAndAgain) {
  std::string set(28 + 16, '\0');
  set.replace(0, 2, "\xfe\xff");
  set[24] = 1;
  set += std::string("\x30\0\0\0", 4);
  const size_t begin = set.size();
  const auto word = [&set](size_t value) {
    for (size_t shift = 0; shift < 32; shift += 8) set += static_cast<char>(value >> shift);
  };
  constexpr size_t kCount = 900;
  constexpr size_t kLength = 100'000;
  word(0);
  word(kCount);
  for (size_t i = 0; i < kCount; ++i) {
    word(2);
    word(8 + kCount * 8);
  }
  word(0x1E);
  word(kLength);
  set += std::string(kLength, 'x');
  ASSERT_EQ(begin, 48U);
  const RecordingSink sink = ExtractBytes(MakeOle2({{"\5SummaryInformation", set}}));
  EXPECT_FALSE(sink.gaps.empty());
  EXPECT_LT(sink.text_bytes, 2 * set.size());
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
