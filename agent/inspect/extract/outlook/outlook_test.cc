#include <string>
#include <string_view>
#include <vector>

#include "agent/inspect/extract/outlook/compressed_rtf.h"
#include "agent/inspect/extract/outlook/item.h"
#include "agent/inspect/extract/testing/ole2_writer.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

using namespace std::string_literals;

using Streams = std::vector<std::pair<std::string, std::string>>;

void Put(std::string& out, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::string Utf16(std::u16string_view text) {
  std::string out;
  for (const char16_t c : text) Put(out, c, 2);
  return out;
}

// One message, with the streams below `at`.
Streams Message(const std::string& at, std::u16string_view subject, std::u16string_view body) {
  return {{at + "__properties_version1.0", std::string(32, '\0')},
          {at + "__substg1.0_0037001F", Utf16(subject)},
          {at + "__substg1.0_1000001F", Utf16(body)}};
}

void Append(Streams& to, const Streams& more) {
  to.insert(to.end(), more.begin(), more.end());
}

TEST(Msg, TextsBodiesRecipientsAndAttachmentsAreRead) {
  Streams streams = Message("", u"客户名单", u"标注：机密");
  Append(streams,
         {{"__recip_version1.0_#00000000/__substg1.0_3003001F", Utf16(u"li@example.cn")},
          {"__attach_version1.0_#00000000/__substg1.0_3707001F", Utf16(u"名单.zip")},
          {"__attach_version1.0_#00000000/__substg1.0_37010102", MakeZip({{"list.txt", "王小明"}})},
          {"__substg1.0_8001101F", "\2\0\0\0"s},
          {"__substg1.0_8001101F-00000000", Utf16(u"标签")}});
  const std::string bytes = MakeOle2(streams);
  const RecordingSink sink = ExtractBytes(bytes);
  EXPECT_EQ(MediaTypeOf(bytes), "application/vnd.ms-outlook");
  EXPECT_EQ(sink.TextOf("properties"), "subject: 客户名单\n8001: 标签\n");
  EXPECT_EQ(sink.TextOf("body/first page"), "标注：机密");
  EXPECT_EQ(sink.TextOf("recipient 1/properties"), "address: li@example.cn\n");
  EXPECT_EQ(sink.TextOf("名单.zip/list.txt/first page"), "王小明") << sink.Gaps();
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(sink.broken, "");
}

TEST(Msg, MessagesWithinAreRead) {
  Streams streams = Message("", u"outer", u"see below");
  const std::string at = "__attach_version1.0_#00000000/";
  Append(streams, {{at + "__substg1.0_3001001F", Utf16(u"inner")}});
  Append(streams, Message(at + "__substg1.0_3701000D/", u"内部", u"里面的秘密"));
  const RecordingSink sink = ExtractBytes(MakeOle2(streams));
  EXPECT_EQ(sink.TextOf("inner/properties"), "subject: 内部\n") << sink.Gaps();
  EXPECT_EQ(sink.TextOf("inner/body/first page"), "里面的秘密");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Msg, DepthOfMessagesIsBounded) {
  Streams streams;
  std::string at;
  for (int i = 0; i < 20; ++i) {
    Append(streams, {{at + "__properties_version1.0", "x"}});
    at += "__attach_version1.0_#00000000/__substg1.0_3701000D/";
  }
  const RecordingSink sink = ExtractBytes(MakeOle2(streams));
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_TOO_DEEP)) << sink.Gaps();
}

TEST(Msg, WhatIsNoneOfTheMessageIsNamed) {
  Streams streams = Message("", u"s", u"b");
  Append(streams, {{"WordDocument", "hidden"}});
  EXPECT_TRUE(ExtractBytes(MakeOle2(streams)).HasGap(v1::UNSCANNED_REASON_UNSUPPORTED));
  streams.back() = {"__substg1.0_0E050102", std::string(kOpaqueBytesMin, 'x')};
  EXPECT_TRUE(ExtractBytes(MakeOle2(streams)).HasGap(v1::UNSCANNED_REASON_UNSUPPORTED));
  streams.back() = {"__substg1.0_0E050102", std::string(kOpaqueBytesMin - 1, 'x')};
  const RecordingSink sink = ExtractBytes(MakeOle2(streams));
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Msg, ObjectsWithinAreOpened) {
  Streams streams = Message("", u"s", u"b");
  Append(streams, {{"__attach_version1.0_#00000000/__substg1.0_3701000D/\1Ole10Native",
                    MakeOleNative("a.txt", "some text")}});
  const RecordingSink sink = ExtractBytes(MakeOle2(streams));
  EXPECT_EQ(sink.TextOf("a.txt/first page"), "some text") << sink.Gaps();
}

TEST(Msg, CutOffAtAnyPlaceIsNamed) {
  const std::string whole = MakeOle2(Message("", u"the subject", u"the body"));
  for (size_t cut = 8; cut + 1024 < whole.size(); cut += 97) {
    const RecordingSink sink = ExtractBytes(whole.substr(0, cut));
    EXPECT_FALSE(sink.gaps.empty()) << cut;
    EXPECT_EQ(sink.broken, "");
  }
}

// The example of [MS-OXRTFCP] 3.1: a literal, a reference, the end mark.
constexpr std::string_view kPackedRtf(
    "\x2d\0\0\0\x2b\0\0\0\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\0\x0a\0\x72\x63\x70\x67\x31\x32\x35"
    "\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\0\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0",
    49);
constexpr std::string_view kRtf = "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n";

TEST(CompressedRtf, IsUnpacked) {
  const auto rtf = UnpackRtf(kPackedRtf, 1000);
  ASSERT_TRUE(rtf.ok()) << rtf.status();
  EXPECT_EQ(rtf->text, kRtf);
  EXPECT_TRUE(rtf->complete);
}

TEST(CompressedRtf, DamageAndSizeAreNamed) {
  for (size_t cut = 0; cut < kPackedRtf.size(); ++cut) {
    const auto rtf = UnpackRtf(kPackedRtf.substr(0, cut), 1000);
    EXPECT_FALSE(rtf.ok() && rtf->complete) << cut;
  }
  EXPECT_TRUE(absl::IsResourceExhausted(UnpackRtf(kPackedRtf, 4).status()));
  std::string other(kPackedRtf);
  other[8] = 'X';
  EXPECT_TRUE(absl::IsDataLoss(UnpackRtf(other, 1000).status()));
  const auto stored = UnpackRtf("\x0f\0\0\0\3\0\0\0MELA\0\0\0\0abc"s, 1000);
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->text, "abc");
}

std::string Attribute(int level, uint32_t id, const std::string& value) {
  std::string out(1, static_cast<char>(level));
  Put(out, id, 4);
  Put(out, value.size(), 4);
  uint32_t sum = 0;
  for (const char c : value) sum += static_cast<uint8_t>(c);
  out += value;
  Put(out, sum & 0xFFFFU, 2);
  return out;
}

std::string Property(uint32_t tag, const std::string& value) {
  std::string out;
  Put(out, tag & 0xFFFFU, 2);
  Put(out, tag >> 16U, 2);
  Put(out, 1, 4);
  Put(out, value.size(), 4);
  out += value;
  out.resize((out.size() + 3) / 4 * 4, '\0');
  return out;
}

std::string Tnef(const std::string& attributes) {
  return "\x78\x9f\x3e\x22\1\0"s + Attribute(1, 0x00089006, "\0\0\1\0"s) + attributes;
}

TEST(Tnef, TextsBodiesAndAttachmentsAreRead) {
  const std::string inner = Tnef(Attribute(1, 0x00018004, "内部\0"s));
  const std::string bytes = Tnef(
      Attribute(1, 0x00018004, "客户名单\0"s) +
      Attribute(1, 0x00069003,
                "\2\0\0\0"s + "\3\0\x17\0\1\0\0\0"s + Property(0x1000001F, Utf16(u"标注：机密"))) +
      Attribute(2, 0x00069002, std::string(14, '\0')) + Attribute(2, 0x00018010, "a.txt\0"s) +
      Attribute(2, 0x0006800F, "some text") + Attribute(2, 0x00069002, std::string(14, '\0')) +
      Attribute(2, 0x00069005,
                "\2\0\0\0"s + Property(0x3707001F, Utf16(u"转发")) +
                    Property(0x3701000D, std::string(16, '\7') + inner)));
  const RecordingSink sink = ExtractBytes(bytes);
  EXPECT_EQ(MediaTypeOf(bytes), "application/ms-tnef");
  EXPECT_NE(sink.TextOf("properties").find("subject: 客户名单\n"), std::string::npos);
  EXPECT_EQ(sink.TextOf("body/first page"), "标注：机密") << sink.Gaps();
  EXPECT_EQ(sink.TextOf("a.txt/first page"), "some text");
  EXPECT_EQ(sink.TextOf("转发/properties"), "subject: 内部\n");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Tnef, CutOffAtAnyPlaceIsNamed) {
  const std::string whole = Tnef(Attribute(1, 0x0002800C, "the body of it\0"s) +
                                 Attribute(1, 0x00069003, "\1\0\0\0"s + Property(0x0037001E, "s")));
  const size_t first = Tnef("").size();
  EXPECT_TRUE(ExtractBytes(whole).gaps.empty()) << ExtractBytes(whole).Gaps();
  for (size_t cut = 7; cut < whole.size(); ++cut) {
    const RecordingSink sink = ExtractBytes(whole.substr(0, cut));
    const bool between = cut == first || cut == first + 9 + 15 + 2;
    EXPECT_TRUE(between || sink.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << cut;
  }
}

TEST(Tnef, PropertiesAreBounded) {
  std::string list;
  Put(list, kMapiPropertiesMax + 10, 4);
  for (size_t i = 0; i < kMapiPropertiesMax + 10; ++i) list += Property(0x0037001E, "s");
  EXPECT_TRUE(
      ExtractBytes(Tnef(Attribute(1, 0x00069003, list))).HasGap(v1::UNSCANNED_REASON_TOO_MANY));
}

}  // namespace
}  // namespace shoumi::inspect
