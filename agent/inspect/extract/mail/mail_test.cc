#include "agent/inspect/extract/mail/mail.h"

#include "agent/inspect/extract/mail/encoding.h"
#include "agent/inspect/extract/mail/header.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

std::string Base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = (bits << 8) | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0U);
    }
    for (size_t k = 0; k < 4; ++k) {
      out.push_back(i + k <= bytes.size() ? kDigits[(bits >> (18 - 6 * k)) & 63] : '=');
    }
    if (i % 57 == 54) out += "\r\n";
  }
  return out;
}

std::string Message(std::string_view fields, std::string_view body) {
  return fmt::format("From: a@example.com\r\nMIME-Version: 1.0\r\n{}\r\n{}", fields, body);
}

std::string Multipart(std::string_view type, std::string_view boundary,
                      const std::vector<std::string>& parts) {
  std::string body =
      fmt::format("Content-Type: multipart/{}; boundary=\"{}\"\r\n\r\n", type, boundary);
  for (const std::string& part : parts) body += fmt::format("--{}\r\n{}\r\n", boundary, part);
  return body + fmt::format("--{}--\r\n", boundary);
}

TEST(Mail, EncodedBodiesAreRead) {
  const std::string text = "客户姓名：王小明，电话13812345678";
  const RecordingSink base64 = ExtractBytes(
      Message("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n",
              Base64(text)));
  EXPECT_NE(base64.AllText().find(text), std::string::npos) << base64.AllText();
  EXPECT_TRUE(base64.gaps.empty()) << base64.Gaps();
  EXPECT_EQ(base64.broken, "");
  const RecordingSink quoted = ExtractBytes(
      Message("Content-Type: text/plain\r\nContent-Transfer-Encoding: Quoted-Printable\r\n",
              "138=\r\n12345678 =E5=AE=A2=E6=88=B7=\r\n=E5=A7=93=E5=90=8D"));
  EXPECT_NE(quoted.AllText().find("13812345678 客户姓名"), std::string::npos) << quoted.AllText();
}

TEST(Mail, IsTold) {
  EXPECT_EQ(MediaTypeOf(Message("", "text")), "message/rfc822");
  EXPECT_EQ(MediaTypeOf("From a@b Wed Apr 27 14:15:31 2005\nSubject: s\nFrom: a\nTo: b\n\ntext"),
            "message/rfc822");
  EXPECT_EQ(MediaTypeOf("name: value\nother: value\n"), "text/plain");
  EXPECT_EQ(MediaTypeOf("From here on: text\n"), "text/plain");
}

TEST(Mail, AttachmentsAreDocumentsWithTheirNames) {
  const std::string zip = MakeZip({{"list.txt", "王小明 13812345678"}});
  const RecordingSink sink = ExtractBytes(
      "From: a@example.com\r\nMIME-Version: 1.0\r\n" +
      Multipart("mixed", "b1",
                {Multipart("alternative", "b1x",
                           {"Content-Type: text/plain\r\n\r\nplain text", "\r\nno header"}),
                 "Content-Type: application/zip; name=\"=?gb2312?B?v827p8P7taUuemlw?=\"\r\n"
                 "Content-Transfer-Encoding: base64\r\n\r\n" +
                     Base64(zip)}));
  EXPECT_EQ(sink.TextOf("客户名单.zip/list.txt/first page"), "王小明 13812345678") << sink.Gaps();
  EXPECT_EQ(sink.TextOf("part 1/first page"), "plain text");
  EXPECT_EQ(sink.TextOf("part 2/first page"), "no header");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Mail, ForwardedMessagesAreOpened) {
  const RecordingSink sink = ExtractBytes(
      "MIME-Version: 1.0\n" +
      Multipart("mixed", "x",
                {"Content-Type: message/rfc822\r\n\r\nSubject: =?UTF-8?Q?=E6=9C=BA=E5=AF=86?=\r\n"
                 "Content-Transfer-Encoding: base64\r\n\r\n" +
                 Base64("forwarded 13812345678")}));
  EXPECT_NE(sink.AllText().find("forwarded 13812345678"), std::string::npos) << sink.AllText();
  EXPECT_NE(sink.TextOf(v1::PART_KIND_PROPERTY).find("subject: 机密\n"), std::string::npos);
}

TEST(Mail, EveryMessageOfAMailboxIsRead) {
  std::string box;
  for (int i = 0; i < 3; ++i) {
    box += "From a@b Wed Apr 27 14:15:31 2005\nSubject: s\nContent-Transfer-Encoding: base64\n\n" +
           Base64("message " + std::to_string(i)) + "\n\n";
  }
  const std::string text = ExtractBytes(box).AllText();
  for (const char* one : {"message 0", "message 1", "message 2"}) {
    EXPECT_NE(text.find(one), std::string::npos) << one;
  }
}

TEST(Mail, MessagesOfAMailboxAreNamedByTheirNumber) {
  const RecordingSink sink = ExtractBytes(
      "From a@b Wed Apr 27 14:15:31 2005\nSubject: one\nMIME-Version: 1.0\n\nfirst\n\n"
      "From here it goes on in the same letter\n\n"
      "From a@b Wed Apr 27 14:15:31 2005\nSubject: two\n\nsecond\n");
  EXPECT_EQ(sink.TextOf("message 1/headers"), "subject: one\nmime-version: 1.0\n");
  EXPECT_EQ(sink.TextOf("message 1/part 1/first page"),
            "first\n\nFrom here it goes on in the same letter\n");
  EXPECT_EQ(sink.TextOf("message 2/headers"), "subject: two\n");
  EXPECT_EQ(sink.TextOf("message 2/part 1/first page"), "second\n");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

// As binascii.b2a_uu of Python writes "标注：机密资料，不得外传\n".
constexpr std::string_view kUuencoded =
    "begin 644 名单.txt\nEYJ\"'YK.H[[R:YIRZY:^&Z+6$YI:9[[R,Y+B-Y;Z7Y:26Y+R@\"@``\n`\nend\n";

TEST(Mail, FilesWithinTextAreDocuments) {
  const std::string uu(kUuencoded);
  for (const std::string& field :
       {std::string(), std::string("Content-Transfer-Encoding: x-uuencode\r\n")}) {
    const RecordingSink sink = ExtractBytes(Message(field, "see below\n" + uu + "\nand more"));
    EXPECT_EQ(sink.TextOf("名单.txt/first page"), "标注：机密资料，不得外传\n") << sink.Gaps();
    EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  }
  const RecordingSink cut = ExtractBytes(Message("", uu.substr(0, uu.find("\n`"))));
  EXPECT_TRUE(cut.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << cut.Gaps();
  EXPECT_NE(cut.TextOf("名单.txt/first page"), "");
  EXPECT_TRUE(
      ExtractBytes(Message("", "begin 644 is how a file begins\nnot this one")).gaps.empty());
}

TEST(Mail, YencIsRead) {
  std::string coded;
  for (const char c : std::string("机密\n=end")) {
    const char moved = static_cast<char>(c + 42);
    const bool escaped = moved == 0 || moved == '\n' || moved == '\r' || moved == '=';
    coded += escaped ? std::string{'=', static_cast<char>(moved + 64)} : std::string{moved};
  }
  const RecordingSink sink = ExtractBytes(
      Message("", "=ybegin line=128 size=11 name=a b.txt\r\n" + coded + "\r\n=yend size=11\r\n"));
  EXPECT_EQ(sink.TextOf("a b.txt/first page"), "机密\n=end") << sink.Gaps();
  EXPECT_FALSE(sink.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << sink.Gaps();
  const RecordingSink piece = ExtractBytes(
      Message("", "=ybegin part=1 line=128 size=99 name=a.txt\r\n=ypart begin=1 end=11\r\n" +
                      coded + "\r\n=yend size=11 part=1\r\n"));
  EXPECT_EQ(piece.TextOf("a.txt/first page"), "机密\n=end") << piece.Gaps();
  EXPECT_TRUE(piece.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << piece.Gaps();
}

TEST(Mail, TheDeclaredCharacterSetIsFollowedWhereBytesSayNothing) {
  const RecordingSink sink = ExtractBytes(
      Message("Content-Type: text/plain; charset=ISO-2022-JP\r\n", "\x1b$B8\\5RL>Jm\x1b(B end"));
  EXPECT_NE(sink.AllText().find("顧客名簿 end"), std::string::npos) << sink.AllText();
  // Named Western, and is not.
  const RecordingSink lie = ExtractBytes(
      Message("Content-Type: text/plain; charset=iso-8859-1\r\n",
              "\xbf\xcd\xbb\xa7\xd0\xd5\xc3\xfb\xa3\xba\xbb\xfa\xc3\xdc\xd7\xca\xc1\xcf"));
  EXPECT_NE(lie.AllText().find("客户姓名：机密资料"), std::string::npos) << lie.AllText();
}

TEST(Mail, WhatStandsAroundThePartsIsRead) {
  const RecordingSink sink = ExtractBytes(
      "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\nbefore\n--x\n\npart\n--x--\n"
      "after");
  EXPECT_EQ(sink.TextOf("preamble"), "before\n");
  EXPECT_EQ(sink.TextOf("epilogue"), "after");
}

TEST(Mail, WhatCannotBeReadIsNamed) {
  const std::pair<std::string, v1::UnscannedReason> kCases[] = {
      {Message("Content-Transfer-Encoding: x-unknown\r\n", "text"),
       v1::UNSCANNED_REASON_UNSUPPORTED},
      {Message("Content-Transfer-Encoding: x-uuencode\r\n", "text"), v1::UNSCANNED_REASON_CORRUPT},
      {Message("Content-Transfer-Encoding: base64\r\n", "QUJD!!!!"), v1::UNSCANNED_REASON_CORRUPT},
      {Message("Content-Type: multipart/mixed; boundary=x\r\n", "no such line"),
       v1::UNSCANNED_REASON_CORRUPT},
      {Message("Content-Type: multipart/mixed\r\n", "text"), v1::UNSCANNED_REASON_CORRUPT},
      {Message("Content-Type: message/partial; id=1\r\n", "text"),
       v1::UNSCANNED_REASON_UNSUPPORTED},
      {Message("Content-Type: multipart/encrypted; boundary=x\r\n", "--x\r\n\r\nz\r\n--x--"),
       v1::UNSCANNED_REASON_ENCRYPTED},
      {Message("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n", "z"),
       v1::UNSCANNED_REASON_ENCRYPTED},
      {Message("Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n", "z"),
       v1::UNSCANNED_REASON_CORRUPT},
  };
  for (const auto& [bytes, reason] : kCases) {
    EXPECT_TRUE(ExtractBytes(bytes).HasGap(reason)) << bytes;
  }
}

TEST(Mail, DepthIsBounded) {
  std::string message = "\r\nthe bottom";
  for (int i = 0; i < 40; ++i) {
    message = Multipart("mixed", "b" + std::to_string(i), {message});
  }
  const RecordingSink sink = ExtractBytes("MIME-Version: 1.0\r\n" + message);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_TOO_DEEP)) << sink.Gaps();
}

TEST(Mail, PartsAreBounded) {
  Limits limits;
  limits.entries_max = 10;
  const RecordingSink sink = ExtractBytes(
      "MIME-Version: 1.0\r\n" + Multipart("mixed", "x", std::vector<std::string>(30, "\r\ntext")),
      limits);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_TOO_MANY)) << sink.Gaps();
  EXPECT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
}

TEST(MailWords, AreDecodedInEveryForm) {
  const std::pair<const char*, const char*> kCases[] = {
      {"plain", "plain"},
      {"=?UTF-8?B?5a6i5oi3?=", "客户"},
      {"=?utf-8?q?a_b=3D?=", "a b="},
      {"=?UTF-8?B?5a6i5og=?=\n =?UTF-8?B?tw==?=", "客户"},  // a character cut between two words
      {"=?GB2312?B?v827pw==?= and =?Big5?B?q8ik4Q==?=", "客户 and 客戶"},
      {"=?UTF-8*zh?B?5a6i5oi3?=", "客户"},
      {"=?nonsense?B?5a6i5oi3?=", "客户"},
      {"=?UTF-8?X?abc?=", "=?UTF-8?X?abc?="},
      {"=?UTF-8?B?5a6i", "=?UTF-8?B?5a6i"},
      {"=?", "=?"},
  };
  for (const auto& [raw, text] : kCases) EXPECT_EQ(DecodeWords(raw), text) << raw;
}

TEST(MailHeader, ParametersInEveryForm) {
  const std::pair<const char*, const char*> kCases[] = {
      {"attachment; filename=a.txt", "a.txt"},
      {"attachment; x=\"filename=b\"; FileName=\"a;\\\"b.txt\"", "a;\"b.txt"},
      {"attachment; filename*=UTF-8''%E5%AE%A2%E6%88%B7.txt", "客户.txt"},
      {"attachment; filename*0*=gb2312'zh'%BF%CD; filename*1*=%BB%A7; filename*2=.txt", "客户.txt"},
      {"attachment; filename*1=b; filename*0=a", "ab"},
      {"attachment; filename*=100%.txt", "100%.txt"},
      {"attachment", ""},
  };
  for (const auto& [value, name] : kCases) {
    const std::string bytes = fmt::format("Content-Disposition: {}\n\n", value);
    std::string_view text = bytes;
    const MailHeader header = MailHeader::Take(text);
    EXPECT_EQ(header.Parameter("content-disposition", "filename"), name) << value;
  }
}

TEST(MailBase64, GoesOnBehindPadding) {
  uint64_t invalid = 0;
  EXPECT_EQ(DecodeBase64("YQ==\r\nYg==", invalid), "ab");
  EXPECT_EQ(invalid, 0U);
}

}  // namespace
}  // namespace shoumi::inspect
