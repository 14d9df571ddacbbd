#include "agent/inspect/extract/odf/odf.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "common/fd.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

std::string Xml(const std::string& root, const std::string& content) {
  std::string names;
  for (const auto& [prefix, name] :
       {std::pair("office", "office"), std::pair("text", "text"), std::pair("table", "table"),
        std::pair("draw", "drawing"), std::pair("svg", "svg-compatible"),
        std::pair("style", "style"), std::pair("meta", "meta"), std::pair("form", "form"),
        std::pair("presentation", "presentation")}) {
    names += std::string(" xmlns:") + prefix + "=\"urn:oasis:names:tc:opendocument:xmlns:" + name +
             ":1.0\"";
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:" + root + names +
         " xmlns:dc=\"c\" xmlns:xlink=\"l\" xmlns:x=\"x\">" + content + "</office:" + root + ">";
}

std::string Body(const std::string& kind, const std::string& content) {
  return Xml(
      "document-content",
      "<office:automatic-styles><x>no text</x></office:automatic-styles><office:body><office:" +
          kind + ">" + content + "</office:" + kind + "></office:body>");
}

TEST(Odf, TextIsReadAsItFlows) {
  const RecordingSink sink = ExtractBytes(Body(
      "text",
      "<text:h>机<text:span>密</text:span>★10年</text:h>\n  <text:p>a\n   b<text:s text:c=\"2\"/>c"
      "<text:tab/>d<text:line-break/>e<draw:frame><draw:text-box><text:p>box</text:p></"
      "draw:text-box>"
      "<svg:desc>a view</svg:desc></draw:frame> "
      "f<text:note><text:note-citation>1</text:note-citation>"
      "<text:note-body><text:p>a note</text:p></text:note-body></text:note><office:annotation>"
      "<dc:creator>Li</dc:creator><text:p>a comment</text:p></office:annotation></text:p>"
      "<table:table><table:table-row><table:table-cell><text:p>1</text:p><text:p>2</text:p>"
      "</table:table-cell><table:table-cell><text:p>3</text:p></table:table-cell></table:table-row>"
      "</table:table><text:p>end<text:hidden-text text:string-value=\" hidden\"/></text:p>"));
  EXPECT_EQ(sink.TextOf("first page"), "机密★10年\na b  c\td\ne f\nbox\n1\n2\t3\nend hidden\n");
  EXPECT_EQ(sink.TextOf("footnotes"), "1\na note\n");
  EXPECT_EQ(sink.TextOf("comments"), "Li\na comment\n");
  EXPECT_EQ(sink.TextOf("descriptions"), "a view");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(sink.broken, "");
}

std::string Commented(const std::string& comment) {
  const std::string body = Body("text", "<text:p>绝密</text:p>");
  return body.substr(0, body.find('\n')) + "<!--" + comment + "-->" + body.substr(body.find('\n'));
}

// What is left out is known by its place and its root together.
TEST(Odf, ContentThatLooksLikePackaging) {
  const std::string text =
      "<office:body><office:text><text:p>绝密</text:p></office:text></office:body>";
  for (const auto& [name, member] :
       {std::pair("content.xml", Xml("document-settings", text)),
        std::pair("content.xml", Commented("<RDF>")),
        std::pair("content.xml", Commented(std::string(5000, '.'))),
        std::pair("content.xml", Commented(std::string(100'000, '.'))),
        std::pair("more.xml", std::string("<RDF>绝密</RDF>")),
        std::pair("manifest.rdf", Xml("document-content", text)),
        std::pair("META-INF/other.xml", std::string("<manifest>绝密</manifest>"))}) {
    std::vector<std::pair<std::string, std::string>> members = {
        {"mimetype", "application/vnd.oasis.opendocument.text"}, {name, member}};
    if (std::string_view(name) != "content.xml")
      members.emplace_back("content.xml", Body("text", ""));
    EXPECT_NE(ExtractBytes(MakeZip(members)).AllText().find("绝密"), std::string::npos)
        << name << " " << member.substr(0, 40);
  }
}

TEST(Odf, ValuesAndFormulasThatAreNotShown) {
  const RecordingSink sink = ExtractBytes(Body(
      "spreadsheet",
      "<table:table table:name=\"t\"><table:table-row><table:table-cell "
      "office:value-type=\"string\" "
      "office:string-value=\"绝密\"><text:p>shown</text:p></table:table-cell><table:table-cell "
      "office:string-value=\"same\"><text:p>same</text:p></table:table-cell><table:table-cell "
      "table:formula=\"of:=&quot;机密&quot;\"/></table:table-row></table:table>"));
  EXPECT_EQ(sink.TextOf("cell values"), "绝密");
  EXPECT_EQ(sink.TextOf("formulas"), "of:=\"机密\"");
  const RecordingSink text = ExtractBytes(
      Body("text",
           "<text:p>a<text:variable-set text:display=\"none\" office:string-value=\"secret\"/>b"
           "<text:variable-set office:string-value=\"c\">c</text:variable-set>"
           "<styles>d</styles></text:p>"));
  EXPECT_EQ(text.TextOf("first page"), "asecretbcd\n");
  EXPECT_EQ(
      ExtractBytes(Xml("document-styles",
                       "<office:styles><text:list-level-style-number style:num-prefix=\"机密\"/>"
                       "<text:notice>绝密</text:notice></office:styles>"))
          .TextOf("styles"),
      "机密\n绝密");
}

// Text that runs on is joined however much stands before the root.
TEST(Odf, ALongCommentBeforeTheRoot) {
  const std::string body = Body("text", "<text:p>绝<text:span>密</text:span></text:p>");
  const size_t line = body.find('\n');
  const std::string commented =
      body.substr(0, line) + "<!--" + std::string(100'000, '.') + "-->" + body.substr(line);
  EXPECT_EQ(ExtractBytes(commented).TextOf("first page"), "绝密\n");
  EXPECT_EQ(ExtractBytes(MakeZip({{"mimetype", "application/vnd.oasis.opendocument.text"},
                                  {"content.xml", commented}}))
                .TextOf("first page"),
            "绝密\n");
}

TEST(Odf, AMimeTypeThatSaysMore) {
  const RecordingSink sink =
      ExtractBytes(MakeZip({{"mimetype", "application/vnd.oasis.opendocument.text 绝密"},
                            {"ObjectReplacements/Object 1", "VCLMTF 机密"},
                            {"content.xml", Body("text", "")}}));
  EXPECT_NE(sink.AllText().find("绝密"), std::string::npos);
  EXPECT_NE(sink.AllText().find("机密"), std::string::npos);
}

// Attributes of other namespaces that have the name of one of OpenDocument.
TEST(Odf, AttributesAreKnownByTheirNamespace) {
  const RecordingSink sink = ExtractBytes(
      Body("spreadsheet",
           "<table:table x:name=\"x\" table:name=\"t\"><table:table-row><table:table-cell "
           "x:value=\"1\" office:value=\"13912345678\"><text:p>1</text:p></table:table-cell>"
           "<table:table-cell x:string-value=\"1\" office:string-value=\"绝密\"><text:p>1</text:p>"
           "</table:table-cell></table:table-row></table:table>"));
  EXPECT_EQ(sink.TextOf("sheet1"), "1 13912345678\t1\n");
  EXPECT_EQ(sink.TextOf("cell values"), "绝密");
  EXPECT_EQ(sink.TextOf("workbook"), "t");
  const RecordingSink text =
      ExtractBytes(Body("text",
                        "<text:p>a<text:variable-set x:display=\"value\" text:display=\"none\" "
                        "office:string-value=\"机密\"/>b</text:p>"));
  EXPECT_EQ(text.TextOf("first page"), "a机密b\n");
}

TEST(Odf, ValuesOfAnyKindAreReadWhereTheyAreNotShown) {
  const RecordingSink sink = ExtractBytes(
      Body("spreadsheet",
           "<table:table><table:table-row><table:table-cell office:value=\"绝密\"/>"
           "<table:table-cell office:date-value=\"2026-01-02\"><text:p>2/1</text:p>"
           "</table:table-cell><table:table-cell office:date-value=\"机密\"><text:p>2/1</text:p>"
           "</table:table-cell><table:table-cell office:time-value=\"PT1H\"/></table:table-row>"
           "<table:table-row><table:table-cell office:value=\"13912345678\"><table:table>"
           "<table:table-row><table:table-cell office:value=\"13812345678\"/></table:table-row>"
           "</table:table><text:p>a</text:p></table:table-cell></table:table-row></table:table>"));
  EXPECT_EQ(sink.TextOf("cell values"), "绝密\n机密\nPT1H\n13812345678");
  EXPECT_NE(sink.TextOf("sheet1").find("13912345678"), std::string::npos);
}

TEST(Odf, FieldsFormsAndLinksSayTheirText) {
  const RecordingSink sink = ExtractBytes(
      Body("text",
           "<text:user-field-decls><text:user-field-decl text:name=\"u\" "
           "office:string-value=\"11010519491231002X\"/></text:user-field-decls>"
           "<office:forms><form:form><form:fixed-text form:label=\"f1\"/><form:textarea "
           "form:current-value=\"f2\"/><form:text form:value=\"f3\"/></form:form></office:forms>"
           "<text:p>机<text:title>文档</text:title>密<text:a xlink:href=\"http://x.example/1\">a"
           "</text:a><text:conditional-text text:condition=\"c\" text:string-value-if-true=\"f4\" "
           "text:string-value-if-false=\"f5\">b</text:conditional-text><text:variable-set "
           "text:formula=\"d\" office:string-value=\"f6\">e</text:variable-set><text:dropdown>"
           "<text:label text:value=\"f7\"/>g</text:dropdown></text:p>outside"));
  EXPECT_EQ(sink.TextOf("first page"), "机文档密abeg\n");
  EXPECT_EQ(sink.TextOf("fields"), "11010519491231002X\nf1\nf2\nf3\nf4\nf5\nf6\nf7");
  EXPECT_EQ(sink.TextOf("links"), "http://x.example/1");
  EXPECT_EQ(sink.TextOf("formulas"), "c\nd");
  EXPECT_EQ(sink.TextOf("other"), "outside");
}

// Numbers stay apart where something stands between them.
TEST(Odf, NumbersStayApart) {
  const RecordingSink sink = ExtractBytes(
      Body("text",
           "<text:p>1380013<draw:rect/> 8000<office:annotation/> "
           "77</text:p><table:table><table:table-row>"
           "<table:table-cell><table:table><table:table-row><table:table-cell><text:p>12</text:p>"
           "</table:table-cell><table:table-cell><text:p>34</text:p></table:table-cell></"
           "table:table-row>"
           "</table:table></table:table-cell></table:table-row></table:table>"));
  EXPECT_EQ(sink.TextOf("first page"), "1380013 8000 77\n12\n34\n");
}

// Boxes of one paragraph wait for its end, but not more of them than fits.
TEST(Odf, BoxesOfOneParagraphHaveABound) {
  std::string boxes;
  const std::string box =
      "<draw:text-box><text:p>" + std::string(10'000, 'b') + "</text:p></draw:text-box>";
  for (int i = 0; i < 1000; ++i) boxes += box;
  const RecordingSink sink = ExtractBytes(Body("text", "<text:p>a" + boxes + "z</text:p>"));
  const std::string text = sink.AllText();
  EXPECT_EQ(std::count(text.begin(), text.end(), 'b'), 10'000'000);
  // What waits is at most one MiB; the boxes behind that come before the paragraph's end.
  EXPECT_GT(text.find('z'), 8'000'000U);
  EXPECT_NE(text.find('z'), std::string::npos);
}

TEST(Odf, AnObjectThatIsNoBase64IsSaid) {
  const RecordingSink sink = ExtractBytes(Body(
      "text",
      "<text:p><draw:image><office:binary-data>***</office:binary-data></draw:image></text:p>"));
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_CORRUPT)) << sink.Gaps();
}

TEST(Odf, SheetsKeepTheirColumnsAndNumbers) {
  const RecordingSink sink = ExtractBytes(Body(
      "spreadsheet",
      "<table:table table:name=\"客户\"><table:table-row><table:table-cell><text:p>电话</text:p>"
      "</table:table-cell><table:table-cell table:number-columns-repeated=\"3\"/><table:table-cell>"
      "<text:p>证件</text:p></table:table-cell></"
      "table:table-row><table:table-row><table:table-cell "
      "office:value-type=\"float\" office:value=\"13912345678\"><text:p>1.39E+10</text:p>"
      "</table:table-cell><table:table-cell office:value=\"1234.5\"><text:p>1,234.5</text:p>"
      "</table:table-cell><table:table-cell office:value=\"7\"/><table:table-cell "
      "table:number-columns-repeated=\"1048576\"/></table:table-row><table:table-row "
      "table:number-rows-repeated=\"1000000\"><table:table-cell/></table:table-row></table:table>"
      "<table:table "
      "table:name=\"two\"><table:table-row><table:table-cell><office:annotation><text:p>"
      "seen</text:p></office:annotation><text:p>x</text:p></table:table-cell></table:table-row>"
      "</table:table>"));
  EXPECT_EQ(sink.TextOf("sheet1"), "电话\t\t\t\t证件\n1.39E+10 13912345678\t1,234.5\t7\n");
  EXPECT_EQ(sink.TextOf("sheet2"), "x\n");
  EXPECT_EQ(sink.TextOf("workbook"), "客户\ntwo");
  EXPECT_EQ(sink.TextOf("comments"), "seen\n");
  EXPECT_EQ(sink.broken, "");
}

TEST(Odf, EachSlideIsAPart) {
  const RecordingSink sink = ExtractBytes(Body(
      "presentation",
      "<presentation:footer-decl presentation:name=\"f\">内部</presentation:footer-decl>"
      "<draw:page><draw:frame><draw:text-box><text:p>绝密</text:p></draw:text-box></draw:frame>"
      "<presentation:notes><draw:frame><draw:text-box><text:p>say it</text:p></draw:text-box>"
      "</draw:frame></presentation:notes></draw:page><draw:page><draw:custom-shape><text:p>two"
      "</text:p></draw:custom-shape></draw:page>"));
  EXPECT_EQ(sink.TextOf("slide1"), "绝密\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FIRST_PAGE), "绝密\n");
  EXPECT_EQ(sink.TextOf("slide2"), "two\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_NOTES), "say it\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FOOTER), "内部");
}

std::string Package(const std::string& manifest, const std::string& content) {
  return MakeZip({
      {"mimetype", "application/vnd.oasis.opendocument.text"},
      {"content.xml", content},
      {"styles.xml",
       Xml("document-styles",
           "<office:styles><x>no text</x></office:styles><office:master-styles><style:master-page>"
           "<style:header><text:p>机密<draw:custom-shape><text:p>绝密</text:p></draw:custom-shape>"
           "</text:p></style:header><style:footer-left><text:p>foot</text:p></style:footer-left>"
           "</style:master-page></office:master-styles>")},
      {"meta.xml",
       Xml("document-meta",
           "<office:meta><meta:generator>LibreOffice</meta:generator><dc:title>题目</dc:title>"
           "<meta:user-defined meta:name=\"level\">秘密</meta:user-defined></office:meta>")},
      {"settings.xml", Xml("document-settings", "<x>no text</x>")},
      {"Thumbnails/thumbnail.png", "\x89PNG\r\n\x1a\n"},
      {"ObjectReplacements/Object 1", "VCLMTF\1"},
      {"Object 1/content.xml",
       Body("spreadsheet",
            "<table:table><table:table-row><table:table-cell><text:p>inner"
            "</text:p></table:table-cell></table:table-row></table:table>")},
      {"Object 2", MakeZip({{"plan.txt", "an object"}})},
      {"META-INF/manifest.xml", manifest},
  });
}

TEST(Odf, APackageIsReadWhole) {
  const std::string bytes = Package("<manifest:manifest/>", Body("text", "<text:p>text</text:p>"));
  const RecordingSink sink = ExtractBytes(bytes);
  EXPECT_EQ(MediaTypeOf(bytes), "application/vnd.oasis.opendocument");
  EXPECT_EQ(sink.TextOf("first page"), "text\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_HEADER), "机密\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_WATERMARK), "绝密\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FOOTER), "foot\n");
  EXPECT_EQ(sink.TextOf("properties"), "题目\n秘密\n");
  EXPECT_EQ(sink.TextOf("names of properties"), "level");
  EXPECT_EQ(sink.TextOf("Object 1/content.xml/sheet1"), "inner\n");
  EXPECT_EQ(sink.TextOf("Object 2/plan.txt/first page"), "an object");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Odf, WhatCannotBeReadIsNamed) {
  const RecordingSink locked = ExtractBytes(
      Package("<manifest:manifest><manifest:encryption-data/></manifest:manifest>", "\x01\x02"));
  ASSERT_EQ(locked.gaps.size(), 1U) << locked.Gaps();
  EXPECT_EQ(locked.gaps[0].reason, v1::UNSCANNED_REASON_ENCRYPTED);

  const std::string whole = Body("text", "<text:p>读到这里</text:p><text:p>");
  const RecordingSink cut = ExtractBytes(whole.substr(0, whole.rfind("<text:p>")));
  EXPECT_EQ(cut.TextOf("first page"), "读到这里\n");
  EXPECT_TRUE(cut.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << cut.Gaps();

  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "<draw:text-box><text:p>";
  for (int i = 0; i < 300; ++i) deep += "</text:p></draw:text-box>";
  EXPECT_EQ(ExtractBytes(Body("text", deep + "<text:p>after</text:p>")).TextOf("first page"),
            "after\n");
}

// A flat document holds its pictures and objects itself.
TEST(Odf, BinaryDataIsHandedOn) {
  const RecordingSink sink = ExtractBytes(
      Xml("document",
          "<office:body><office:text><text:p>a<draw:image><office:binary-data>"
          "57ud\n5a+G </office:binary-data></draw:image>b</text:p></office:text></office:body>"));
  EXPECT_EQ(sink.TextOf("first page"), "ab\n");
  EXPECT_EQ(sink.TextOf("object 1/first page"), "绝密");
}

// Written by LibreOffice, of the same texts as word97 and excel97.
TEST(Odf, WhatLibreOfficeWritesIsRead) {
  const std::string seeds = SHOUMI_SOURCE_DIR "/tests/fuzz/seeds/extract_odf_fuzz/";
  const auto text = ReadFile(seeds + "text", 1 << 20);
  const auto sheet = ReadFile(seeds + "sheet", 1 << 20);
  ASSERT_TRUE(text.ok() && sheet.ok());
  const RecordingSink document = ExtractBytes(*text);
  EXPECT_EQ(document.TextOf("first page"),
            "标题\n机密★10年\n身份证号 11010519491231002X 联系人 13912345678\n");
  EXPECT_TRUE(document.gaps.empty()) << document.Gaps();
  const RecordingSink cells = ExtractBytes(*sheet);
  EXPECT_EQ(cells.TextOf(v1::PART_KIND_CELLS),
            "姓名\t证件\t电话\n王小明\t11010519491231002X\t13912345678\n");
  EXPECT_TRUE(cells.gaps.empty()) << cells.Gaps();
}

}  // namespace
}  // namespace shoumi::inspect
