#include "agent/inspect/extract/ofd/ofd.h"

#include <string>
#include <utility>
#include <vector>

#include "agent/inspect/extract/ofd/lines.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

std::string Xml(const std::string& root, const std::string& content) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ofd:" + root +
         " xmlns:ofd=\"http://www.ofdspec.org/2016\">" + content + "</ofd:" + root + ">";
}

std::string Text(const std::string& place, const std::string& attributes, const std::string& text) {
  return "<ofd:TextObject ID=\"1\" Boundary=\"" + place +
         "\" Font=\"2\" Size=\"5\"><ofd:FillColor "
         "Value=\"0 0 0\"/><ofd:TextCode " +
         attributes + ">" + text + "</ofd:TextCode></ofd:TextObject>";
}

std::string Page(const std::string& content) {
  return Xml("Page",
             "<ofd:Content><ofd:Layer Type=\"Body\">" + content + "</ofd:Layer></ofd:Content>");
}

RecordingSink Read(std::vector<std::pair<std::string, std::string>> members) {
  members.insert(members.begin(), {"OFD.xml", Xml("OFD", "<ofd:DocBody/>")});
  RecordingSink sink = ExtractBytes(MakeZip(members));
  EXPECT_EQ(sink.broken, "");
  return sink;
}

TEST(Ofd, WhatListsAndResourcesSayIsRead) {
  const RecordingSink sink = Read(
      {{"Doc_0/DocumentRes.xml",
        Xml("Res", "<ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID=\"9\"><ofd:Content>" +
                       Text("0 0 9 9", "X=\"0\" Y=\"5\"", "机密") +
                       "</ofd:Content></ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits>")},
       {"Doc_0/Attachs/Attachments.xml",
        Xml("Attachments", "<ofd:Attachment ID=\"1\" Name=\"客户名单\"/>")},
       {"Doc_0/Extensions.xml",
        Xml("Extensions",
            "<ofd:Extension><ofd:Property Name=\"p\">绝密</ofd:Property></ofd:Extension>")}});
  for (const char* text : {"机密", "客户名单", "绝密"}) {
    EXPECT_NE(sink.AllText().find(text), std::string::npos) << text;
  }
}

// Of resources that are drawn, the text is put together as that of pages.
TEST(Ofd, ResourcesAreReadLineByLine) {
  const auto unit = [](const std::string& content) {
    return "<ofd:CompositeGraphicUnit ID=\"9\"><ofd:Content>" + content +
           "</ofd:Content></ofd:CompositeGraphicUnit>";
  };
  const RecordingSink sink = Read(
      {{"Doc_0/DocumentRes_1.xml", Xml("Res", "<ofd:CompositeGraphicUnits>" +
                                                  unit(Text("0 0 9 9", "X=\"0\" Y=\"5\"", "机") +
                                                       Text("5 0 9 9", "X=\"0\" Y=\"5\"", "密")) +
                                                  unit(Text("0 0 9 9", "X=\"0\" Y=\"5\"", "7")) +
                                                  "</ofd:CompositeGraphicUnits>")}});
  EXPECT_EQ(sink.TextOf("resources 1"), "机密\n7\n");
}

// Text where the standard has none, and names and addresses that elements say.
TEST(Ofd, TextBesideTheTextIsRead) {
  const RecordingSink sink = ExtractBytes(MakeZip(
      {{"OFD.xml",
        Xml("OFD",
            "<ofd:DocBody><ofd:DocInfo><ofd:DocID>0123456789abcdef0123456789abcdef"
            "</ofd:DocID><ofd:CreationDate>2026-01-02</ofd:CreationDate><ofd:CustomDatas>"
            "<ofd:CustomData Name=\"n1\">a<b/>t1</ofd:CustomData></ofd:CustomDatas>"
            "<ofd:Unheard>t2</ofd:Unheard></ofd:DocInfo></ofd:DocBody>")},
       {"Doc_0/Document.xml",
        Xml("Document", "<ofd:Actions><ofd:URI URI=\"http://x.example/1\"/></ofd:Actions>")},
       {"Doc_0/Annots/Annot.xml",
        Xml("PageAnnot",
            "<ofd:Annot Type=\"Link\" Creator=\"n2\"><ofd:Parameters><ofd:Parameter Name=\"n3\">"
            "t3</ofd:Parameter></ofd:Parameters></ofd:Annot>")},
       {"Doc_0/Pages/Page_0/Content.xml",
        Page("<ofd:PathObject><ofd:AbbreviatedData>M 0.123456789012 7 L 10.5 -2 C"
             "</ofd:AbbreviatedData></ofd:PathObject><ofd:PathObject><ofd:AbbreviatedData>M "
             "13912345678 0</ofd:AbbreviatedData></ofd:PathObject>t4" +
             Text("0 0 1 1", "", "t5"))}}));
  EXPECT_EQ(sink.TextOf("page 1"), "t5\n");
  EXPECT_EQ(sink.TextOf("properties"), "a");
  EXPECT_EQ(sink.TextOf("names of properties"), "n1");
  EXPECT_EQ(sink.TextOf("links"), "http://x.example/1");
  EXPECT_EQ(sink.TextOf("other"), "t1\nt2M 13912345678 0\nt4n2\nn3\nt3");
}

TEST(Ofd, TextThatRunsDownwards) {
  std::string stacked;
  const auto column = [&](int x, const std::vector<std::string>& characters) {
    for (size_t i = 0; i < characters.size(); ++i) {
      stacked += Text(std::to_string(x) + " " + std::to_string(10 + 5 * i) + " 5 5",
                      "X=\"0\" Y=\"5\"", characters[i]);
    }
  };
  column(100, {"机", "密", "文", "件"});
  column(90, {"身", "份", "证", "号"});
  EXPECT_EQ(Read({{"Doc_0/Pages/Page_0/Content.xml", Page(stacked)}}).TextOf("page 1"),
            "身 机\n份 密\n证 文\n号 件\n机密文件\n身份证号\n");
  // Two columns, in runs that go downwards, so close that they would be one line.
  const RecordingSink runs =
      Read({{"Doc_0/Pages/Page_0/Content.xml",
             Page(Text("94 10 5 30", "X=\"0\" Y=\"5\" DeltaY=\"5\"", "绝密") +
                  Text("100 10 5 30", "X=\"0\" Y=\"5\" DeltaY=\"g 2 5\"", "138") +
                  Text("100 25 5 30", "X=\"0\" Y=\"5\" DeltaY=\"5\"", "00") +
                  Text("10 10 5 5", "X=\"0\" Y=\"5\"", "across"))}});
  EXPECT_EQ(runs.TextOf("page 1"), "across\n13800\n绝密\n");
}

// Characters of their own, by the direction that their object says, or that a matrix turns them to.
TEST(Ofd, EveryDirectionIsRead) {
  const auto place = [](int x, int y, const std::string& attributes, const std::string& text) {
    return "<ofd:TextObject Boundary=\"" + std::to_string(x) + " " + std::to_string(y) +
           " 5 5\" Size=\"5\" " + attributes + "><ofd:TextCode X=\"0\" Y=\"0\">" + text +
           "</ofd:TextCode></ofd:TextObject>";
  };
  const auto read = [&](const std::string& attributes, int step_x, int step_y) {
    std::string page;
    for (const auto& [at, text] : {std::pair(2, "乙"), std::pair(1, "甲"), std::pair(3, "丙")}) {
      page += place(100 + at * step_x, 100 + at * step_y, attributes, text);
    }
    return Read({{"Doc_0/Pages/Page_0/Content.xml", Page(page)}}).TextOf("page 1");
  };
  EXPECT_EQ(read("ReadDirection=\"0\"", 5, 0), "甲乙丙\n");
  EXPECT_EQ(read("ReadDirection=\"90\"", 0, 5), "甲乙丙\n");
  EXPECT_EQ(read("ReadDirection=\"180\"", -5, 0), "甲乙丙\n");
  EXPECT_EQ(read("ReadDirection=\"270\"", 0, -5), "甲乙丙\n");
  EXPECT_EQ(read("CTM=\"0 1 -1 0 0 0\"", 0, 5), "甲乙丙\n");
}

// Digits are half as wide as high.
TEST(Ofd, NumbersSideBySideStayApart) {
  const RecordingSink sink =
      Read({{"Doc_0/Pages/Page_0/Content.xml",
             Page(Text("10 20 9 6", "X=\"0\" Y=\"5\" DeltaX=\"2.5 2.5\"", "138") +
                  Text("20 20 9 6", "X=\"0\" Y=\"5\" DeltaX=\"2.5 2.5\"", "001") +
                  Text("27.5 20 9 6", "X=\"0\" Y=\"5\" DeltaX=\"2.5\"", "38"))}});
  EXPECT_EQ(sink.TextOf("page 1"), "138 00138\n");
}

// With members of both, each is read as what it is.
TEST(Ofd, OneThatPretendsToBeOpenDocument) {
  const RecordingSink sink =
      Read({{"mimetype", "application/vnd.oasis.opendocument.text"},
            {"content.xml", "<a/>"},
            {"Doc_0/Pages/Page_0/Content.xml", Page(Text("20 20 6 6", "X=\"0\" Y=\"5\"", "机") +
                                                    Text("25 20 6 6", "X=\"0\" Y=\"5\"", "密"))}});
  EXPECT_EQ(sink.TextOf("page 1"), "机密\n");
}

TEST(Ofd, RunsBecomeLines) {
  // Out of order; a character in a run of its own; a second column; a raised character.
  const RecordingSink sink =
      Read({{"Doc_0/Pages/Page_0/Content.xml",
             Page(Text("20 40 100 6", "X=\"0\" Y=\"5\" DeltaX=\"5 5 g 2 5\"", "身份证号：") +
                  Text("20 20 6 6", "X=\"0\" Y=\"5\"", "机") +
                  Text("25 20 6 6", "X=\"0\" Y=\"5.2\"", "密") +
                  Text("30 20 20 6", "X=\"0\" Y=\"5\" DeltaX=\"3 3 3\"", "★10年") +
                  Text("90 20 20 6", "X=\"0\" Y=\"5\"", "编号") +
                  Text("48 40 90 6", "X=\"0\" Y=\"5\"", "11010519491231002X"))}});
  EXPECT_EQ(sink.TextOf("page 1"), "机密★10年\t编号\n身份证号： 11010519491231002X\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FIRST_PAGE), sink.TextOf("page 1"));
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Ofd, TheMatrixOfAnObjectCounts) {
  const RecordingSink sink =
      Read({{"Doc_0/Pages/Page_0/Content.xml",
             Page("<ofd:TextObject Boundary=\"0 0 9 9\" CTM=\"0.35 0 0 0.35 10 20\" "
                  "Size=\"14\"><ofd:TextCode "
                  "X=\"0\" Y=\"10\" DeltaX=\"14\">上面</ofd:TextCode></ofd:TextObject>" +
                  Text("19.8 18 9 9", "X=\"0\" Y=\"5.5\"", "右") +
                  Text("0 30 9 9", "X=\"0\" Y=\"5\"", "下"))}});
  EXPECT_EQ(sink.TextOf("page 1"), "上面右\n下\n");
}

TEST(Ofd, PagesComeInOrderAndTheRestBehindThem) {
  const RecordingSink sink = Read({
      {"Doc_0/Pages/Page_10/Content.xml", Page(Text("0 0 1 1", "", "eleven"))},
      {"Doc_0/Pages/Page_2/Content.xml", Page(Text("0 0 1 1", "", "three"))},
      {"Doc_0/Tpls/Tpl_0/Content.xml", Page(Text("0 0 1 1", "", "form"))},
      {"Doc_0/Annots/Page_0/Annotation.xml",
       Xml("PageAnnot", "<ofd:Annot Type=\"Watermark\"><ofd:Appearance>" +
                            Text("0 0 1 1", "", "绝密") +
                            "</ofd:Appearance></ofd:Annot><ofd:Annot "
                            "Type=\"Highlight\"><ofd:Remark>look</ofd:Remark>"
                            "<ofd:Appearance>" +
                            Text("0 0 1 1", "", "here") + "</ofd:Appearance></ofd:Annot>")},
      {"Doc_0/Document.xml",
       Xml("Document", "<ofd:Outlines><ofd:OutlineElem Title=\"第一章\"/></ofd:Outlines>")},
      {"Doc_0/PublicRes.xml", Xml("Res", "<ofd:Fonts>no text</ofd:Fonts>")},
      {"Doc_0/Attachs/plan.txt", "机密 attached"},
      {"Doc_0/Signs/Sign_0/SignedValue.dat", std::string("\x30\x03\x02\x01\x05", 5)},
      {"Doc_0/Tags/meta.xml", "<公文><标题>标引</标题></公文>"},
  });
  EXPECT_EQ(sink.TextOf("page 1"), "three\n");
  EXPECT_EQ(sink.TextOf("page 2"), "eleven\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_HEADER), "form\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_WATERMARK), "绝密\n");
  EXPECT_EQ(sink.TextOf("annotations"), "look\nhere\n");
  EXPECT_EQ(sink.TextOf("outline"), "第一章");
  EXPECT_EQ(sink.TextOf("Doc_0/Attachs/plan.txt/first page"), "机密 attached");
  EXPECT_NE(sink.AllText().find("标引"), std::string::npos);
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Ofd, PropertiesAreRead) {
  const std::string bytes = MakeZip(
      {{"OFD.xml", Xml("OFD",
                       "<ofd:DocBody><ofd:DocInfo><ofd:DocID>1</ofd:DocID><ofd:Title>题目"
                       "</ofd:Title><ofd:Keywords><ofd:Keyword>秘密</ofd:Keyword>"
                       "</ofd:Keywords><ofd:CustomDatas><ofd:CustomData Name=\"a\">x"
                       "</ofd:CustomData></ofd:CustomDatas></ofd:DocInfo></ofd:DocBody>")}});
  EXPECT_EQ(ExtractBytes(bytes).TextOf("properties"), "题目\n秘密\nx");
  EXPECT_EQ(MediaTypeOf(bytes), "application/ofd");
}

TEST(Ofd, WhatCannotBeReadIsNamed) {
  EXPECT_TRUE(
      Read({{"Encryptions.xml", Xml("Encryptions", "")}}).HasGap(v1::UNSCANNED_REASON_ENCRYPTED));
  const std::string whole = Page(Text("0 0 1 1", "", "read") + Text("0 9 1 1", "", "not"));
  const RecordingSink cut =
      Read({{"Doc_0/Pages/Page_0/Content.xml", whole.substr(0, whole.size() - 100)}});
  EXPECT_EQ(cut.TextOf("page 1"), "read\n");
  EXPECT_TRUE(cut.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << cut.Gaps();
  const RecordingSink picture = Read({{"Doc_0/Res/Image_1.png", "\x89PNG\r\n\x1a\n"}});
  EXPECT_TRUE(picture.HasGap(v1::UNSCANNED_REASON_UNSUPPORTED));
  // Numbers that are none.
  EXPECT_EQ(
      Read({{"Doc_0/Pages/Page_0/Content.xml",
             Page(Text("nan inf x", "X=\"1e999\" Y=\"-\" DeltaX=\"g 1e99 1e300 g g\"", "t"))}})
          .TextOf("page 1"),
      "t\n");
}

TEST(LineBuilder, KeepsEveryRun) {
  LineBuilder lines;
  std::string all;
  for (int i = 0; i < 5000; ++i) {
    lines.Add({static_cast<double>(i * 7 % 101), 0, static_cast<double>(i * 13 % 97), 3, "xy"});
  }
  for (const char c : lines.Take()) all += c == 'x' ? "x" : "";
  EXPECT_EQ(all.size(), 5000U);
  EXPECT_EQ(lines.size(), 0U);
}

}  // namespace
}  // namespace shoumi::inspect
