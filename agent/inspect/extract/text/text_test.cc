#include "agent/inspect/extract/text/text.h"

#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/text/charset.h"
#include "gtest/gtest.h"
#include "unicode/ucnv.h"

namespace shoumi::inspect {
namespace {

using namespace std::literals;

std::string Encode(std::string_view utf8, const char* charset) {
  UErrorCode error = U_ZERO_ERROR;
  std::string out(utf8.size() * 4 + 16, '\0');
  const int32_t length =
      ucnv_convert(charset, "UTF-8", out.data(), static_cast<int32_t>(out.size()), utf8.data(),
                   static_cast<int32_t>(utf8.size()), &error);
  EXPECT_TRUE(U_SUCCESS(error)) << charset << " " << u_errorName(error);
  out.resize(static_cast<size_t>(length));
  return out;
}

constexpr std::string_view kSimplified[] = {
    "机密",
    "绝密★10年",
    "客户姓名：王小明，身份证号110101199003070000，电话13812345678。",
    "关于印发保密管理制度的通知\n各部门：请遵照执行。\n",
    "姓名,电话,地址\n李雷,13912345678,北京市海淀区中关村大街1号\n",
    "abc 合同 def",
    "目目模模",  // valid UTF-8 in GB 2312, of Latin letters
};
constexpr std::string_view kTraditional[] = {
    "機密文件，請勿外傳。",
    "客戶姓名：陳大文，電話0912345678，地址：臺北市信義區。",
    "關於公司財務報告的通知\n各部門：請依規定辦理。\n",
};

TEST(Text, ReadsEverySimplifiedEncoding) {
  for (const std::string_view text : kSimplified) {
    for (const char* charset : {"UTF-8", "GB18030", "GBK", "UTF-16LE", "UTF-16BE"}) {
      // Two characters alone are not enough to tell UTF-16 without a mark from GBK.
      if (text.size() < 14 && std::string_view(charset).starts_with("UTF-16")) continue;
      const RecordingSink sink = ExtractBytes(Encode(text, charset));
      EXPECT_EQ(sink.AllText(), text) << charset;
      EXPECT_EQ(sink.broken, "");
    }
  }
}

TEST(Text, ReadsBig5) {
  for (const std::string_view text : kTraditional) {
    for (const char* charset : {"UTF-8", "Big5", "UTF-16LE"}) {
      EXPECT_EQ(ExtractBytes(Encode(text, charset)).AllText(), text) << charset;
    }
  }
}

TEST(Text, ObeysByteOrderMarks) {
  const std::string_view text = "绝密 secret";
  const std::pair<std::string_view, const char*> kMarks[] = {
      {"\xEF\xBB\xBF"sv, "UTF-8"},    {"\xFF\xFE"sv, "UTF-16LE"},
      {"\xFE\xFF"sv, "UTF-16BE"},     {"\xFF\xFE\0\0"sv, "UTF-32LE"},
      {"\0\0\xFE\xFF"sv, "UTF-32BE"}, {"\x84\x31\x95\x33"sv, "GB18030"},
  };
  for (const auto& [mark, charset] : kMarks) {
    EXPECT_EQ(ExtractBytes(std::string(mark) + Encode(text, charset)).AllText(), text) << charset;
  }
}

TEST(Text, ReadsUtf16OfAsciiWithoutMark) {
  const std::string_view text = "name,phone\nSmith,13812345678\n";
  for (const char* charset : {"UTF-16LE", "UTF-16BE"}) {
    EXPECT_EQ(ExtractBytes(Encode(text, charset)).AllText(), text) << charset;
  }
}

TEST(Text, ReadsWesternText) {
  EXPECT_EQ(ExtractBytes("caf\xe9 na\xefve r\xe9sum\xe9 na\xefve").AllText(),
            "café naïve résumé naïve");
}

TEST(Text, GbkThatStartsLateIsFound) {
  std::string text(300'000, 'x');
  for (size_t i = 80; i < text.size(); i += 81) text[i] = '\n';
  text += "客户姓名：王小明\n";
  EXPECT_EQ(ExtractBytes(Encode(text, "GBK")).AllText(), text);
}

TEST(Text, ALogInTwoEncodingsIsReadRight) {
  std::string utf8;
  for (int i = 0; i < 20'000; ++i) utf8 += "第一个程序写的日志信息\n";
  const std::string later = "第二个程序写的客户资料，电话13812345678\n";
  EXPECT_EQ(ExtractBytes(utf8 + Encode(later, "GBK")).AllText(), utf8 + later);
}

TEST(Text, LongContentInEveryEncodingIsCutBetweenCharacters) {
  for (const bool lines : {true, false}) {
    std::string text;
    while (text.size() < 1'500'000)
      text += lines ? "客户资料，编号12345。\n" : "客户资料编号地址单位";
    for (const char* charset : {"UTF-8", "GB18030", "UTF-16LE", "UTF-16BE"}) {
      const RecordingSink sink = ExtractBytes(Encode(text, charset));
      EXPECT_EQ(sink.broken, "");
      EXPECT_TRUE(sink.AllText() == text) << charset << " lines " << lines;
    }
  }
}

TEST(Text, FourByteGb18030) {
  const std::string_view text = "客户姓名：\U00020087明，单位：公司\n";
  EXPECT_EQ(ExtractBytes(Encode(text, "GB18030")).AllText(), text);
}

TEST(Text, InvalidBytesBecomeReplacementCharacters) {
  const RecordingSink sink = ExtractBytes("客户资料管理制度规定\xFF客户资料管理制度规定");
  EXPECT_EQ(sink.AllText(), "客户资料管理制度规定\uFFFD客户资料管理制度规定");
  EXPECT_EQ(sink.broken, "");
  ASSERT_EQ(sink.gaps.size(), 1U);
  EXPECT_EQ(sink.gaps[0].reason, v1::UNSCANNED_REASON_CORRUPT);
  EXPECT_EQ(sink.gaps[0].detail, "1 byte sequences are no characters");
}

TEST(Text, InvalidSequencesOfEveryEncodingAreCounted) {
  const std::string text = "客户资料管理制度规定，编号12345，地址单位。\n";
  const std::pair<const char*, std::string> kCases[] = {
      {"GB18030", "\xFF"}, {"UTF-16LE", "\x01\xDC"s}, {"UTF-8", "\xC0\xAF"}};
  for (const auto& [charset, invalid] : kCases) {
    const std::string mark = std::string_view(charset) == "UTF-16LE" ? "\xFF\xFE" : "";
    std::string bytes = mark + Encode(text + text, charset);
    EXPECT_TRUE(ExtractBytes(bytes).gaps.empty()) << charset;
    bytes.insert(mark.size() + Encode(text, charset).size(), invalid);
    EXPECT_TRUE(ExtractBytes(bytes).HasGap(v1::UNSCANNED_REASON_CORRUPT)) << charset;
  }
}

TEST(Text, ZeroBytesDoNotMakeItBinary) {
  const std::string text = "name=Smith"s + '\0' + "phone=13812345678" + '\0' + "end";
  const RecordingSink sink = ExtractBytes(text);
  EXPECT_EQ(sink.AllText(), text);
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_TRUE(ExtractBytes(std::string(100'000, '\0')).gaps.empty());
}

TEST(Text, BinaryBehindTextIsSaid) {
  std::string text;
  while (text.size() < 600'000) text += "an ordinary line of text\n";
  uint32_t state = 1;
  for (int i = 0; i < 600'000; ++i) {
    state = state * 1664525 + 1013904223;
    text.push_back(static_cast<char>(state >> 24));
  }
  EXPECT_TRUE(ExtractBytes(text).HasGap(v1::UNSCANNED_REASON_PARTIAL));
}

TEST(Text, FirstLinesAreTheFirstPage) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "line " + std::to_string(i) + "\n";
  const RecordingSink sink = ExtractBytes(text);
  ASSERT_EQ(sink.parts.size(), 2U);
  EXPECT_EQ(sink.parts[0].kind, v1::PART_KIND_FIRST_PAGE);
  EXPECT_TRUE(sink.parts[0].text.ends_with("line 9\n"));
  EXPECT_EQ(sink.parts[1].kind, v1::PART_KIND_BODY);
  EXPECT_TRUE(sink.parts[1].text.starts_with("line 10\n"));
}

TEST(Text, ALineWithoutEndIsNotTorn) {
  const std::string text(10'000, 'x');
  const RecordingSink sink = ExtractBytes(text);
  ASSERT_EQ(sink.parts.size(), 1U);
  EXPECT_EQ(sink.parts[0].kind, v1::PART_KIND_BODY);
  EXPECT_EQ(sink.parts[0].text, text);
}

TEST(Text, NoiseIsNotText) {
  EXPECT_EQ(DetectStart("\x01\x02\x03\x04\x05\x06\x81\x00\xff\xfe\x99\x03\x02\x01"sv).charset,
            Charset::kBinary);
}

}  // namespace
}  // namespace shoumi::inspect
