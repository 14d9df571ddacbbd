#include "agent/inspect/extract/rtf/rtf.h"

#include <string>

#include "agent/inspect/extract/testing/ole2_writer.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "common/fd.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

std::string Hex(std::string_view bytes) {
  static constexpr std::string_view kFigures = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex.push_back(kFigures[static_cast<unsigned char>(c) >> 4U]);
    hex.push_back(kFigures[static_cast<unsigned char>(c) & 15U]);
    if (hex.size() % 65 == 64) hex.push_back('\n');
  }
  return hex;
}

std::string Long(size_t number) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(number >> (8 * i)));
  return bytes;
}

// An embedded object as [MS-OLEDS] 2.2.5 has it.
std::string ObjectData(const std::string& program, const std::string& data) {
  const std::string terminated = program + std::string(1, '\0');
  return Long(0x501) + Long(2) + Long(terminated.size()) + terminated + Long(0) + Long(0) +
         Long(data.size()) + data;
}

TEST(Rtf, TextIsReadInItsCodePages) {
  const struct {
    std::string_view document;
    std::string_view text;
  } kCases[] = {
      {R"({\rtf1\ansi plain \b bold\b0  text\par next\tab end})", "plain bold text\nnext\tend"},
      {R"({\rtf1\ansi a \{b\} c:\\d\~e\_f\-g})", "a {b} c:\\d\u00A0e-fg"},
      // Of the document, of a font, and of the default font.
      {R"({\rtf1\ansi\ansicpg936 \'bb\'fa\'c3\'dc})", "机密"},
      {R"({\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil\fcharset0 A;}{\f1\fnil\fcharset134 \'cb\'ce\'cc\'e5;}}\f1\'bb\'fa\'c3\'dc\f0  caf\'e9})",
       "机密 café"},
      {R"({\rtf1\ansi\deff3{\fonttbl{\f3\fnil\fcharset136 B;}}\'be\'f7\'b1\'4b {\f9 x}})",
       "機密 x"},
      // A character cut by the end of a line, and one whose second byte is a letter or a backslash.
      {"{\\rtf1\\ansi\\ansicpg936 \\'bb\r\n\\'fa\\'c3\\'dc \\'89\\'7d\\'81\\'5c}", "机密 墋乗"},
      {R"({\rtf1\ansi\ansicpg1251 \'d1\'e5\'ea\'f0\'e5\'f2})", "Секрет"},
      // Unicode with its fallback, of one, no and two characters, and negative.
      {R"({\rtf1\ansi\u26426?\u23494?})", "机密"},
      {R"({\rtf1\ansi\uc0\u26426\u23494 x})", "机密x"},
      {R"({\rtf1\ansi\ansicpg936\uc2\u26426\'bb\'fa\u23494\'c3\'dc!})", "机密!"},
      {R"({\rtf1\ansi\uc1\u-10179?\u-8704?})", "😀"},
      {R"({\rtf1\ansi{\uc0 \u26426}\u23494 ??})", "机密?"},
      {R"({\rtf1\ansi\u26426\u23494})", "机密"},
      {"{\\rtf1 机密, as programs that know no better write it}",
       "机密, as programs that know no better write it"},
      // Cells and rows; hidden text; a table within a table.
      {R"({\rtf1\trowd a\cell b\cell\row c\cell d\nestcell\nestrow\cell\row})",
       "a\tb\t\nc\td\t\n\t\n"},
      {R"({\rtf1 seen{\v hidden}{\deleted gone}})", "seenhiddengone"},
      // What is about the look, and what programs pass over, is not in the body.
      {R"({\rtf1{\stylesheet{\s0 Normal;}}{\colortbl;\red0;}{\*\generator X;}body})", "body"},
      {"{\\rtf1 a\\bin4 }{\\b}", "a"},
  };
  for (const auto& [document, text] : kCases) {
    const RecordingSink sink = ExtractBytes(document);
    EXPECT_EQ(sink.TextOf("first page"), text) << document << sink.Gaps();
    EXPECT_TRUE(sink.gaps.empty()) << document << sink.Gaps();
    EXPECT_EQ(sink.broken, "");
  }
}

TEST(Rtf, EachKindOfTextIsAPartOfItsOwn) {
  const RecordingSink sink = ExtractBytes(
      R"({\rtf1\ansi{\info{\title T1}{\subject S1}{\*\company C1}{\creatim\yr2026}}
{\*\userprops{\propname level}\proptype30{\staticval high}}
{\header first header\par}{\headerf other header
{\shp{\*\shpinst{\sp{\sn shapeType}{\sv 136}}{\sp{\sn gtextUNICODE}{\sv \u26426?\u23494?}}}{\shprslt again}}}
{\footerl a footer}
body{\footnote a note}{\*\annotation a comment} goes on
{\field{\*\fldinst HYPERLINK "http://x.example/"}{\fldrslt link}}
{\shp{\*\shpinst{\shptxt in a box\par}}}{\*\unheard of it}\par})");
  EXPECT_EQ(sink.TextOf("first page"), "body goes onlink\nin a box\n");
  EXPECT_EQ(sink.TextOf("properties"), "T1\nS1\nC1\nlevel\nhigh");
  EXPECT_EQ(sink.TextOf("header 1"), "first header\n");
  EXPECT_EQ(sink.TextOf("header 2"), "other header");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_WATERMARK), "机密");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FOOTER), "a footer");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_NOTES), "a note");
  EXPECT_EQ(sink.TextOf("comments"), "a comment");
  EXPECT_EQ(sink.TextOf("fields"), "HYPERLINK \"http://x.example/\"");
  EXPECT_EQ(sink.TextOf("other"), "again\nof it");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

// Programs show none of it, and it is text.
TEST(Rtf, WhatIsPassedOverIsReadToo) {
  const std::string hex(70, 'a');
  const RecordingSink sink = ExtractBytes(
      R"({\rtf1\ansi\ansicpg936{\fonttbl{\f0 \'bb\'fa;}}{\stylesheet{\s0 s1;}}{\*\listtable{\list{\leveltext t1;}}}
{\*\ftnsep f1}{\*\themedata )" +
      hex +
      R"(}{\*\datafield 13800138000}{\nonshppict{\pict 0102 p1}}{\*\latentstyles l1}body\bin2 b1})");
  EXPECT_EQ(sink.TextOf("first page"), "body");
  EXPECT_EQ(sink.TextOf("fonts"), "机;");
  for (const char* text : {"s1", "t1", "f1", "13800138000", "p1", "l1", "b1"}) {
    EXPECT_NE(sink.TextOf("other").find(text), std::string::npos) << text << sink.TextOf("other");
  }
  EXPECT_EQ(sink.AllText().find(hex), std::string::npos);
}

TEST(Rtf, CodePagesOfMacintoshAndUnknownOnes) {
  for (const char* document : {R"({\rtf1\mac\deff0{\fonttbl{\f0\fcharset80 A;}}\'bb\'fa\'c3\'dc})",
                               R"({\rtf1\ansi\ansicpg10008 \'bb\'fa\'c3\'dc})",
                               R"({\rtf1\ansi\ansicpg20936 \'bb\'fa\'c3\'dc})",
                               R"({\rtf1\ansi\ansicpg51936 \'bb\'fa\'c3\'dc})"}) {
    const RecordingSink sink = ExtractBytes(document);
    EXPECT_EQ(sink.TextOf("first page"), "机密") << document;
    EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  }
  const RecordingSink unknown = ExtractBytes(R"({\rtf1\ansi\ansicpg4711 \'bb\'fa})");
  ASSERT_EQ(unknown.gaps.size(), 1U);
  EXPECT_EQ(unknown.gaps[0].reason, v1::UNSCANNED_REASON_PARTIAL);
  EXPECT_EQ(unknown.gaps[0].detail, "text in code page 4711");
}

TEST(Rtf, CharacterSetsThatAreNotKnownAreSaid) {
  const RecordingSink sink =
      ExtractBytes(R"({\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fcharset201 A;}}\f0\'bb\'fa})");
  EXPECT_EQ(sink.TextOf("first page"), "机");
  ASSERT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
  EXPECT_EQ(sink.gaps[0].detail, "text in character set 201");
  EXPECT_TRUE(
      ExtractBytes(R"({\rtf1\ansi\deff0{\fonttbl{\f0\fcharset201 A;}{\f1\fcharset1 A;}}a\f1\'e4})")
          .gaps.empty());
  // However many there are, few are named, and they share a converter.
  std::string many = "{\\rtf1\\ansi";
  for (int i = 40'000; i < 50'000; ++i) many += "\\ansicpg" + std::to_string(i) + "\\'e4\\par";
  const RecordingSink all = ExtractBytes(many + "}");
  EXPECT_EQ(all.gaps.size(), 32U);
  EXPECT_EQ(all.text_bytes, 10'000U * 3);
}

// Hidden in what programs skip: groups within pictures, escaped figures, values of shapes, long
// fallbacks, numbers among blocks.
TEST(Rtf, TextWithinWhatIsNoText) {
  const std::string numbers = "13912345678138123456781371234567813612345678135123456781341234567";
  const RecordingSink sink = ExtractBytes(
      R"({\rtf1\ansi{\pict\wmetafile8 0100{11010519491231002}{\bin3 bin}\'31\'33\'38})"
      R"({\*\objdata 01{\pict 3132}}{\sp{\sn pibName}{\sv pib}}{\sp{\sn fLine}{\sv 123}})"
      R"({\sp{\sn  gtextUNICODE}{\sv 777}}{\sp{\sn sec ret}{\sv 13912345678}})"
      R"({\sp{\sn pPoints}{\sv 8;2;(0,21600);(7,-5)}}{\sv lost{\sn name}}{\*\datastore )" +
      numbers + R"(}{\uc200\u26426 told instead}\u x})");
  const std::string other = sink.TextOf("other");
  for (const std::string& text :
       {std::string("11010519491231002"), std::string("bin"), std::string("138"),
        std::string("3132"), std::string("pib\n"), std::string("sec ret"),
        std::string("13912345678"), std::string("lost"), numbers, std::string("told instead")}) {
    EXPECT_NE(other.find(text), std::string::npos) << text << " in " << other;
  }
  for (const char* text : {"123\n", "21600", "fLine"}) {
    EXPECT_EQ(other.find(text), std::string::npos) << text << " in " << other;
  }
  EXPECT_EQ(sink.TextOf("first page"), "机x\n777\n");
}

// A second form of a picture that is none.
TEST(Rtf, WhatPretendsToBeAnOldPictureIsHandedOn) {
  const RecordingSink sink = ExtractBytes("{\\rtf1{\\nonshppict{\\pict\\wmetafile8 " +
                                          Hex(MakeZip({{"a.txt", "绝密 in it"}})) + "}}}");
  EXPECT_EQ(sink.TextOf("picture 1/a.txt/first page"), "绝密 in it") << sink.Gaps();
}

// Runs are decoded piece by piece, with the character that a piece ends in.
TEST(Rtf, LongRunsAreReadWhole) {
  std::string escaped = "{\\rtf1\\ansi\\ansicpg936 x";
  std::string plain = "{\\rtf1 x";
  std::string text = "x";
  for (int i = 0; i < 400'000; ++i) {
    escaped += "\\'bb\\'fa\\'c3\\'dc";
    plain += "机密";
    text += "机密";
  }
  for (const std::string& document : {escaped, plain}) {
    const RecordingSink sink = ExtractBytes(document + "}");
    EXPECT_TRUE(sink.AllText().find(text.substr(0, 60'000)) != std::string::npos);
    std::string all = sink.TextOf("first page") + sink.TextOf("body");
    EXPECT_TRUE(all == text) << all.size() << " of " << text.size();
    EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  }
  EXPECT_EQ(ExtractBytes(std::string("{\\rtf1 138\0001\0003}", 17)).TextOf("first page"), "13813");
}

TEST(Rtf, ObjectsAndPicturesAreHandedOn) {
  const std::string zip = MakeZip({{"a.txt", "绝密 in it"}});
  const std::string document =
      "{\\rtf1 before {\\object\\objemb{\\*\\objclass Package}{\\*\\objdata " +
      Hex(ObjectData("Package", MakeOleNative("plan.zip", zip).substr(4))) +
      "}{\\result{\\pict\\wmetafile8 0100}}}{\\*\\shppict{\\pict{\\*\\picprop{\\sp{\\sn "
      "wzDescription}{\\sv a view}}}\\pngblip " +
      Hex("\x89PNG\r\n\x1a\n") +
      "}}{\\nonshppict{\\pict\\wmetafile8 010009000003}}{\\object{\\*\\objdata " +
      Hex(ObjectData("Word.Document.12", zip)) + "}}{\\pict\\bin" + std::to_string(zip.size()) +
      " " + zip + "}after}";
  const RecordingSink sink = ExtractBytes(document);
  EXPECT_EQ(sink.TextOf("first page"), "before after");
  EXPECT_EQ(sink.TextOf("plan.zip/a.txt/first page"), "绝密 in it") << sink.Gaps();
  EXPECT_EQ(sink.TextOf("object 2/a.txt/first page"), "绝密 in it");
  EXPECT_EQ(sink.TextOf("picture 3/a.txt/first page"), "绝密 in it");
  EXPECT_EQ(sink.TextOf("object 1"), "Package\n");
  EXPECT_EQ(sink.TextOf("other"), "Package\na view\n");
  ASSERT_EQ(sink.gaps.size(), 2U) << sink.Gaps();
  EXPECT_EQ(sink.gaps[1].part, "picture 2");
  EXPECT_EQ(sink.gaps[1].detail, "image/png");
}

TEST(Rtf, WhatIsBehindTheDocumentIsRead) {
  EXPECT_TRUE(ExtractBytes(std::string("{\\rtf1 a}\r\n\0\0", 13)).gaps.empty());
  const RecordingSink sink = ExtractBytes("{\\rtf1 a}" + std::string(40'000, '\n') + "机密 behind");
  EXPECT_EQ(sink.TextOf("first page"), "a");
  EXPECT_EQ(sink.TextOf("behind the document/first page"), "机密 behind");
}

TEST(Rtf, DamageAndBoundsAreNamed) {
  const RecordingSink cut = ExtractBytes("{\\rtf1 {\\b 机密");
  EXPECT_EQ(cut.TextOf("first page"), "机密");
  EXPECT_TRUE(cut.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << cut.Gaps();

  const RecordingSink deep = ExtractBytes("{\\rtf1 " + std::string(1'000'000, '{') + "x" +
                                          std::string(1'000'000, '}') + "y}");
  EXPECT_EQ(deep.TextOf("first page"), "xy");
  ASSERT_EQ(deep.gaps.size(), 1U) << deep.Gaps();
  EXPECT_EQ(deep.gaps[0].reason, v1::UNSCANNED_REASON_TOO_DEEP);

  Limits limits;
  limits.memory_object_bytes_max = 1000;
  const RecordingSink large = ExtractBytes(
      "{\\rtf1{\\header " + std::string(2000, 'x') + "}{\\pict " + std::string(4000, '4') + "}y}",
      limits);
  EXPECT_EQ(large.TextOf("first page"), "y");
  EXPECT_EQ(large.gaps.size(), 2U) << large.Gaps();
  EXPECT_EQ(large.TextOf("picture 1/first page").size(), 1000U);
  for (const auto& gap : large.gaps) EXPECT_EQ(gap.reason, v1::UNSCANNED_REASON_OVERSIZE);

  std::string headers = "{\\rtf1";
  for (int i = 0; i < 1500; ++i) headers += "{\\header h}";
  const RecordingSink many = ExtractBytes(headers + "}");
  EXPECT_EQ(many.TextOf(v1::PART_KIND_HEADER).size(), 1500U + 500U);
  EXPECT_EQ(many.parts.size(), 1000U);
}

// Written by LibreOffice out of the same text as word97.
TEST(Rtf, WhatLibreOfficeWritesIsRead) {
  const auto bytes =
      ReadFile(SHOUMI_SOURCE_DIR "/tests/fuzz/seeds/extract_rtf_fuzz/libreoffice", 1 << 20);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const RecordingSink sink = ExtractBytes(*bytes);
  EXPECT_EQ(sink.TextOf("first page"),
            "标题\n机密★10年\n身份证号 11010519491231002X 联系人 13912345678\n");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

}  // namespace
}  // namespace shoumi::inspect
