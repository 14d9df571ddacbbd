#include "agent/inspect/extract/layout_codes.h"
#include "agent/inspect/extract/numbers.h"
#include "agent/inspect/extract/ooxml/sheet.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

constexpr char kTypes[] = "<?xml version=\"1.0\"?><Types></Types>";

std::string Package(Members members) {
  members.insert(members.begin(), {"[Content_Types].xml", kTypes});
  return MakeZip(members);
}

std::string Document(const std::string& body) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><w:document xmlns:w=\"w\"><w:body>" + body +
         "</w:body></w:document>";
}

std::string Docx(const std::string& body, Members more = {}) {
  more.insert(more.begin(), {"word/document.xml", Document(body)});
  return Package(std::move(more));
}

TEST(Docx, JoinsRunsAndSeparatesParagraphs) {
  const RecordingSink sink = ExtractBytes(
      Docx("<w:p><w:r><w:t>1381</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>2345678</w:t></w:r></w:p>"
           "<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t>"
           "<w:br/><w:t>c</w:t></w:r></w:p>"));
  EXPECT_EQ(sink.AllText(), "13812345678\na\tb\nc\n");
  EXPECT_EQ(sink.broken, "");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

// A part is what its root says, not what a comment before it says.
TEST(Docx, PartsWithCommentsBeforeTheirRoot) {
  for (const std::string& comment : {std::string("<styles>"), std::string(100'000, '.')}) {
    std::string document = Document("<w:p><w:r><w:t>机</w:t></w:r><w:r><w:t>密</w:t></w:r></w:p>");
    document.insert(document.find("?>") + 2, "<!-- " + comment + " -->");
    const RecordingSink sink = ExtractBytes(Package({{"word/document.xml", document}}));
    EXPECT_EQ(sink.TextOf("first page"), "机密\n") << comment.size();
  }
}

TEST(Docx, IsTold) {
  EXPECT_EQ(MediaTypeOf(Docx("")),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
}

TEST(Docx, TablesHaveRowsAndCells) {
  const auto cell = [](const std::string& text) {
    return "<w:tc><w:tcPr/><w:p><w:r><w:t>" + text + "</w:t></w:r></w:p></w:tc>";
  };
  const RecordingSink sink = ExtractBytes(
      Docx("<w:tbl><w:tr>" + cell("姓名") + cell("电话") + "</w:tr><w:tr>" + cell("王") +
           cell("13812345678") + "</w:tr></w:tbl><w:p><w:r><w:t>end</w:t></w:r></w:p>"));
  EXPECT_EQ(sink.AllText(), "姓名\t电话\n王\t13812345678\nend\n");
}

TEST(Docx, ReadsDeletedAndHiddenTextButNoFieldCodes) {
  const RecordingSink sink = ExtractBytes(
      Docx("<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:rPr><w:vanish/>"
           "</w:rPr><w:t>hidden</w:t></w:r><w:r><w:instrText>PAGE 42</w:instrText></w:r>"
           "<w:r><w:sym w:font=\"x\" w:char=\"F0\"/></w:r></w:p>"));
  EXPECT_EQ(sink.AllText(), "gonehidden\n");
}

TEST(Docx, FirstParagraphsAreTheFirstPage) {
  std::string body;
  for (int i = 0; i < 40; ++i)
    body += "<w:p><w:r><w:t>p" + std::to_string(i) + "</w:t></w:r></w:p>";
  const RecordingSink sink = ExtractBytes(Docx(body));
  EXPECT_TRUE(sink.TextOf(v1::PART_KIND_FIRST_PAGE).ends_with("p14\n"));
  EXPECT_TRUE(sink.TextOf("body").starts_with("p15\n"));
}

TEST(Docx, HeadersFootersCommentsAndNotes) {
  const auto part = [](const std::string& root, const std::string& text) {
    return "<w:" + root + " xmlns:w=\"w\"><w:p><w:r><w:t>" + text +
           "</w:t></w:r></w:p></w:" + root + ">";
  };
  const RecordingSink sink =
      ExtractBytes(Docx("", {{"word/header1.xml", part("hdr", "机密★10年")},
                             {"word/footer2.xml", part("ftr", "内部资料")},
                             {"word/comments.xml", part("comments", "批注")},
                             {"word/footnotes.xml", part("footnotes", "脚注")},
                             {"word/glossary/document.xml", part("glossaryDocument", "词")}}));
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_HEADER), "机密★10年\n");
  EXPECT_EQ(sink.TextOf("header1"), "机密★10年\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FOOTER), "内部资料\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_COMMENT), "批注\n");
  EXPECT_EQ(sink.TextOf("footnotes"), "脚注\n");
  EXPECT_NE(sink.AllText().find("词"), std::string::npos);
}

TEST(Docx, WatermarksOfVmlAndDrawing) {
  const RecordingSink sink = ExtractBytes(Docx(
      "", {{"word/header1.xml",
            "<w:hdr xmlns:w=\"w\" xmlns:v=\"v\"><w:p><w:r><w:pict><v:shape><v:textpath "
            "style=\"font-family:x\" string=\"绝密\"/></v:shape></w:pict></w:r></w:p></w:hdr>"},
           {"word/header2.xml",
            "<w:hdr xmlns:w=\"w\"><w:p><w:r><w:t>Company</w:t></w:r><w:r><w:drawing><wps:txbx>"
            "<w:txbxContent><w:p><w:r><w:t>机密</w:t></w:r></w:p></w:txbxContent></wps:txbx>"
            "</w:drawing></w:r></w:p></w:hdr>"}}));
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_WATERMARK), "绝密机密\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_HEADER), "\nCompany\n");
}

TEST(Docx, TextBoxesFollowTheirParagraphAndAreNotDoubled) {
  const std::string box =
      "<w:txbxContent><w:p><w:r><w:t>in the box</w:t></w:r></w:p></w:txbxContent>";
  const RecordingSink sink = ExtractBytes(
      Docx("<w:p><w:r><w:t>138</w:t></w:r><w:r><mc:AlternateContent><mc:Choice>" + box +
           "</mc:Choice><mc:Fallback>" + box +
           "</mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>12345678</w:t></w:r></w:p>"));
  EXPECT_EQ(sink.AllText(), "13812345678\nin the box\n");
}

TEST(Docx, AFallbackThatSaysSomethingElseIsRead) {
  const RecordingSink sink = ExtractBytes(
      Docx("<w:p><w:r><mc:AlternateContent><mc:Choice><w:t>one</w:t></mc:Choice><mc:Fallback>"
           "<w:t>other</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>"));
  EXPECT_EQ(sink.AllText(), "oneother\n");
}

TEST(Docx, PropertiesOfAllThreeKinds) {
  const RecordingSink sink = ExtractBytes(Docx(
      "",
      {{"docProps/core.xml",
        "<cp:coreProperties><dc:title>绝密计划</dc:title><cp:revision>3</cp:revision>"
        "<cp:keywords>机密★5年</cp:keywords></cp:coreProperties>"},
       {"docProps/app.xml", "<Properties><Company>某公司</Company><Pages>12</Pages></Properties>"},
       {"docProps/custom.xml",
        "<Properties><property name=\"密级\"><vt:lpwstr>秘密</vt:lpwstr></property></Properties>"},
       {"word/settings.xml",
        "<w:settings><w:docVars><w:docVar w:name=\"client\" w:val=\"13812345678\"/></w:docVars>"
        "</w:settings>"},
       {"customXml/item1.xml", "<root><name>王小明</name><id>7</id></root>"}}));
  const std::string properties = sink.TextOf(v1::PART_KIND_PROPERTY);
  for (const char* line : {"绝密计划\n", "机密★5年\n", "某公司\n", "密级: 秘密\n",
                           "client: 13812345678\n", "王小明\n7"}) {
    EXPECT_NE(properties.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(properties.find("12\n"), std::string::npos);
}

TEST(Docx, PartsAreKnownByTheirRootNotTheirName) {
  const RecordingSink sink = ExtractBytes(
      Package({{"word/x", ""}, {"odd/place.bin", Document("<w:p><w:t>found</w:t></w:p>")}}));
  EXPECT_EQ(sink.AllText(), "found\n");
}

TEST(Docx, EmbeddedDocumentsAreRead) {
  const std::string inner = Docx("<w:p><w:t>inside</w:t></w:p>");
  const RecordingSink sink =
      ExtractBytes(Docx("<w:p><w:t>outside</w:t></w:p>", {{"word/embeddings/a.docx", inner}}));
  EXPECT_EQ(sink.TextOf("word/embeddings/a.docx/first page"), "inside\n");
}

const std::string kPng("\x89PNG\r\n\x1a\n\0\0\0\r", 12);

TEST(Docx, EachPictureIsAGapOfItsOwn) {
  const RecordingSink sink = ExtractBytes(Docx("", {{"word/media/1.png", kPng}}));
  ASSERT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
  EXPECT_EQ(sink.gaps[0].part, "word/media/1.png");
  EXPECT_EQ(sink.gaps[0].reason, v1::UNSCANNED_REASON_UNSUPPORTED);
  EXPECT_EQ(sink.gaps[0].detail, "image/png");
}

TEST(Docx, FontsThumbnailsAndPrinterSettingsAreNoContent) {
  std::string noise;
  for (int i = 0; i < 4096; ++i) noise.push_back(static_cast<char>((i * 7919 + i / 3) % 256));
  const RecordingSink sink = ExtractBytes(Docx("", {{"docProps/thumbnail.png", kPng},
                                                    {"word/fonts/font1.odttf", noise},
                                                    {"word/printerSettings1.bin", noise}}));
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Docx, WhatOnlyHasTheNameOfAByproductIsRead) {
  const std::string secret = "客户姓名：王小明，电话13812345678";
  const RecordingSink sink = ExtractBytes(Docx("", {{"docProps/thumbnail.png", secret},
                                                    {"word/fonts/font1.odttf", secret},
                                                    {"word/printerSettings1.bin", secret}}));
  EXPECT_EQ(sink.AllText(), secret + secret + secret);
}

TEST(Docx, AnEmbeddedBinaryIsNamed) {
  const RecordingSink sink = ExtractBytes(Docx("", {{"word/embeddings/a.bin", "LUKS\xba\xbe"}}));
  ASSERT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
  EXPECT_EQ(sink.gaps[0].part, "word/embeddings/a.bin");
  EXPECT_EQ(sink.gaps[0].detail, "application/x-luks");
}

TEST(Docx, AMemberThatClaimsToBeAFolderIsRead) {
  const RecordingSink sink =
      ExtractBytes(Docx("", {{"word/x/", Document("<w:p><w:t>hidden</w:t></w:p>")}}));
  EXPECT_NE(sink.AllText().find("hidden"), std::string::npos);
}

TEST(Docx, WatermarksBeyondTheirBoundAreReadInPlace) {
  std::string shapes;
  for (int i = 0; i < 300; ++i) {
    shapes += "<v:shape><v:textpath string=\"mark " + std::to_string(i) + "\"/></v:shape>";
  }
  const RecordingSink sink =
      ExtractBytes(Docx("", {{"word/header1.xml", "<w:hdr>" + shapes + "</w:hdr>"}}));
  EXPECT_NE(sink.AllText().find("mark 299"), std::string::npos);
}

TEST(Docx, ALongPropertyIsReadToItsEnd) {
  const std::string value = std::string(3 << 20, 'x') + "13812345678";
  const RecordingSink sink =
      ExtractBytes(Docx("", {{"docProps/core.xml", "<cp:coreProperties><dc:title>" + value +
                                                       "</dc:title></cp:coreProperties>"}}));
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_PROPERTY), value + "\n");
  EXPECT_EQ(sink.broken, "");
}

TEST(Docx, TextBesideElementsOfAPropertyIsRead) {
  const RecordingSink sink = ExtractBytes(
      Docx("", {{"docProps/core.xml",
                 "<cp:coreProperties><dc:title>before<b/>after</dc:title></cp:coreProperties>"}}));
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_PROPERTY), "before\nafter\n");
}

TEST(Docx, DamagedXmlIsSaidAndWhatWasReadIsReported) {
  const RecordingSink sink = ExtractBytes(
      Package({{"word/document.xml", "<w:document><w:p><w:t>before</w:t></w:p><w:p></oops>"}}));
  EXPECT_EQ(sink.AllText(), "before\n");
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << sink.Gaps();
  EXPECT_EQ(sink.broken, "");
}

TEST(Docx, Utf16PartsAreRead) {
  const std::string xml =
      "<?xml version=\"1.0\"?><w:document><w:p><w:t>wide</w:t></w:p></w:document>";
  std::string wide = "\xFF\xFE";
  for (const char c : xml) wide += {c, '\0'};
  EXPECT_EQ(ExtractBytes(Package({{"word/document.xml", wide}})).AllText(), "wide\n");
}

std::string Xlsx(const std::string& rows, const std::string& strings, Members more = {}) {
  more.insert(more.begin(),
              {"xl/worksheets/sheet1.xml",
               "<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData>" + rows +
                   "</sheetData><headerFooter><oddHeader>&amp;C&amp;\"宋体,Bold\"&amp;14机密"
                   "</oddHeader></headerFooter></worksheet>"});
  more.push_back({"xl/sharedStrings.xml", "<sst>" + strings + "</sst>"});
  more.push_back(
      {"xl/workbook.xml", "<workbook><sheets><sheet name=\"客户名单\"/></sheets></workbook>"});
  return Package(std::move(more));
}

TEST(Xlsx, RowsAndCellsOfEveryType) {
  const RecordingSink sink = ExtractBytes(Xlsx(
      "<row><c t=\"s\"><v>0</v></c><c><v>1.3812345678E10</v></c></row>"
      "<row><c t=\"inlineStr\"><is><r><t>内</t></r><r><t>联</t></r></is></c>"
      "<c t=\"str\"><f>A1&amp;B1</f><v>cached</v></c><c t=\"n\"><v>110101199003070000</v></c></row>"
      "<row><c><v></v></c></row>",
      "<si><t>姓名</t><rPh><t>フリガナ</t></rPh></si><si><t>left behind</t></si>"));
  EXPECT_EQ(sink.TextOf("sheet1"), "姓名\t13812345678\n内联\tcached\t110101199003070000\n");
  EXPECT_EQ(sink.TextOf("sharedStrings"), "left behind\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_HEADER), "机密");
  EXPECT_EQ(sink.TextOf("workbook"), "客户名单\n");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(sink.broken, "");
}

TEST(Xlsx, ColumnsStayUnderTheirHeads) {
  const RecordingSink sink = ExtractBytes(
      Xlsx("<row><c r=\"A1\"><v>1</v></c><c r=\"D1\"><v>4</v></c><c><v>5</v></c></row>"
           "<row><c r=\"B2\"><v>2</v></c><c r=\"C2\"/><c r=\"E2\"><v>5</v></c></row>"
           "<row><c r=\"C3\"><v>3</v></c><c r=\"A3\"><v>1</v></c><c r=\"ZZZZ3\"><v>2</v></c></row>"
           "<row><c r=\"XFD4\"><v>9</v></c></row>",
           ""));
  EXPECT_EQ(sink.TextOf("sheet1"),
            "1\t\t\t4\t5\n\t2\t\t\t5\n\t\t3\t1\t2\n" + std::string(256, '\t') + "9\n");
}

TEST(Xlsx, LineFeedsDoNotTearARow) {
  const RecordingSink sink = ExtractBytes(
      Xlsx("<row><c t=\"s\"><v>0</v></c><c><v>5</v></c></row>", "<si><t>a\nb</t></si>"));
  EXPECT_EQ(sink.TextOf("sheet1"), "a b\t5\n");
}

TEST(Xlsx, CommentsAndPivotCaches) {
  const RecordingSink sink = ExtractBytes(
      Xlsx("", "",
           {{"xl/comments1.xml",
             "<comments><commentList><comment><text><r><t>批</t></r><r><t>注</t></r></text>"
             "</comment></commentList></comments>"},
            {"xl/pivotCache/r.xml",
             "<pivotCacheRecords><r><s v=\"王\"/><n v=\"5\"/></r>"
             "</pivotCacheRecords>"}}));
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_COMMENT), "批注\n");
  EXPECT_NE(sink.TextOf(v1::PART_KIND_CELLS).find("王\n5\n"), std::string::npos);
}

TEST(Xlsx, LongValuesAreReadToTheirEnd) {
  const std::string value = std::string(3 << 20, 'x') + "13812345678";
  const RecordingSink sink =
      ExtractBytes(Xlsx("<row><c t=\"s\"><v>0</v></c><c t=\"inlineStr\"><is><t>" + value +
                            "</t></is></c><c><v>5</v></c></row>",
                        "<si><t>" + value + "</t></si>"));
  EXPECT_TRUE(sink.TextOf("sheet1") == value + "\t" + value + "\t5\n");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Xlsx, ACellWhoseStringIsMissingShowsWhatItHolds) {
  const RecordingSink sink =
      ExtractBytes(Xlsx("<row><c t=\"s\"><v>hidden</v></c><c t=\"s\"><v>7</v></c></row>", ""));
  EXPECT_EQ(sink.TextOf("sheet1"), "hidden\t7\n");
}

TEST(Xlsx, AHeaderTooLongToBeHeldIsNamed) {
  const RecordingSink sink =
      ExtractBytes(Package({{"xl/worksheets/sheet1.xml",
                             "<worksheet><headerFooter><oddHeader>" + std::string(2 << 20, 'x') +
                                 "</oddHeader></headerFooter></worksheet>"}}));
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_OVERSIZE)) << sink.Gaps();
}

TEST(Xlsx, SharedStringsAreBounded) {
  Limits limits;
  limits.memory_object_bytes_max = 1000;
  std::string strings;
  for (int i = 0; i < 200; ++i) strings += "<si><t>some text</t></si>";
  const RecordingSink sink = ExtractBytes(Xlsx("", strings), limits);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_OVERSIZE)) << sink.Gaps();
}

TEST(Pptx, SlidesNotesAndMasters) {
  const auto shape = [](const std::string& text, const std::string& type) {
    return "<p:sp><p:nvPr><p:ph type=\"" + type +
           "\"/></p:nvPr><p:txBody><a:lstStyle/><a:p><a:r>"
           "<a:t>" +
           text + "</a:t></a:r></a:p></p:txBody></p:sp>";
  };
  const RecordingSink sink = ExtractBytes(Package(
      {{"ppt/slides/slide10.xml", "<p:sld>" + shape("十", "body") + "</p:sld>"},
       {"ppt/slides/slide2.xml",
        "<p:sld>" + shape("封面", "title") + shape("内部", "ftr") + "</p:sld>"},
       {"ppt/notesSlides/notesSlide3.xml", "<p:notes>" + shape("备注", "body") + "</p:notes>"},
       {"ppt/slideMasters/slideMaster1.xml",
        "<p:sldMaster>" + shape("母版", "title") + "</p:sldMaster>"}}));
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FIRST_PAGE), "封面\n");
  EXPECT_EQ(sink.TextOf("slide10"), "十\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FOOTER), "内部\n");
  EXPECT_EQ(sink.TextOf("notes3"), "备注\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_HEADER), "母版\n");
  EXPECT_EQ(sink.broken, "");
}

TEST(Package, XmlOfUnknownKindIsReadForItsText) {
  const RecordingSink sink =
      ExtractBytes(Package({{"visio/page1.xml", "<Page><Text>图 13812345678</Text></Page>"}}));
  EXPECT_EQ(sink.AllText(), "图 13812345678");
}

TEST(PlainNumber, MovesDigitsWithoutComputing) {
  const std::pair<const char*, const char*> kCases[] = {
      {"13812345678", "13812345678"},
      {"1.3812345678E10", "13812345678"},
      {"1.3812345678E+10", "13812345678"},
      {"1.1010119900307E+17", "110101199003070000"},
      {"110101199003071234", "110101199003071234"},
      {"5.0", "5"},
      {"0.25", "0.25"},
      {"2.5E-2", "0.025"},
      {"-1.5e3", "-1500"},
      {"1E400", "1E400"},
      {"#N/A", "#N/A"},
      {"", ""},
      {".", "."},
      {"-", "-"},
      {"1.2.3", "1.2.3"},
  };
  for (const auto& [stored, plain] : kCases) EXPECT_EQ(PlainNumber(stored), plain);
}

TEST(LayoutCodes, TakeNothingOfWhatIsShown) {
  EXPECT_EQ(WithoutLayoutCodes("&C&\"宋体\"&12&K00B050机密&R第 &P 页"), "机密\n第  页");
  EXPECT_EQ(WithoutLayoutCodes("&机密 R&&D"), "机密 R&D");
  EXPECT_EQ(WithoutLayoutCodes("&K机密&10绝密"), "机密绝密");
  EXPECT_EQ(WithoutLayoutCodes("&\"no end"), "");
  EXPECT_EQ(WithoutLayoutCodes("end &"), "end &");
}

TEST(LayoutCodes, AreTakenOut) {
  EXPECT_EQ(WithoutLayoutCodes("&L左&C&\"Arial,Bold\"&14绝密&R&P / &N"), "左\n绝密\n / ");
  EXPECT_EQ(WithoutLayoutCodes("A&&B&"), "A&B&");
  EXPECT_EQ(WithoutLayoutCodes("&K00FF00红"), "红");
}

// A record of a binary workbook: number, length, content.
std::string BinaryRecord(uint32_t type, const std::string& content) {
  std::string record;
  const auto varint = [&record](size_t value) {
    while (value >= 0x80) {
      record += static_cast<char>(value | 0x80);
      value >>= 7U;
    }
    record += static_cast<char>(value);
  };
  varint(type);
  varint(content.size());
  return record + content;
}

std::string Long(uint32_t number) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

std::string Wide(std::u16string_view text) {
  std::string bytes = Long(static_cast<uint32_t>(text.size()));
  for (const char16_t c : text) {
    bytes += static_cast<char>(c);
    bytes += static_cast<char>(c >> 8U);
  }
  return bytes;
}

std::string BinaryCell(uint32_t type, uint32_t column, const std::string& content) {
  return BinaryRecord(type, Long(column) + Long(0) + content);
}

TEST(Ooxml, BinaryWorkbooksAreRead) {
  const std::string book =
      BinaryRecord(131, "") + BinaryRecord(156, Long(0) + Long(1) + Wide(u"rId1") + Wide(u"客户"));
  const std::string strings = BinaryRecord(159, Long(2) + Long(2)) +
                              BinaryRecord(19, std::string(1, '\0') + Wide(u"姓名")) +
                              BinaryRecord(19, std::string(1, '\0') + Wide(u"证件\n号")) +
                              BinaryRecord(19, std::string(1, '\0') + Wide(u"deleted"));
  const uint64_t phone = std::bit_cast<uint64_t>(13912345678.0);
  const std::string sheet =
      BinaryRecord(129, "") + BinaryRecord(0, Long(0)) + BinaryCell(7, 0, Long(0)) +
      BinaryCell(7, 2, Long(1)) + BinaryRecord(0, Long(1)) + BinaryCell(6, 0, Wide(u"王小明")) +
      BinaryCell(5, 1,
                 Long(static_cast<uint32_t>(phone)) + Long(static_cast<uint32_t>(phone >> 32))) +
      BinaryCell(8, 2, Wide(u"11010519491231002X") + "formula") + BinaryRecord(0, Long(2)) +
      BinaryCell(2, 0, Long(1234 << 2 | 3)) + BinaryCell(7, 1, Long(99)) +
      BinaryRecord(479, std::string(2, '\0') + Wide(u"&C机密") + Wide(u"&L内部")) +
      BinaryRecord(494, std::string(16, '\0') + Wide(u"") + Wide(u"a!b") + Long(0xFFFFFFFF) +
                            Wide(u"shown"));
  const std::string comments =
      BinaryRecord(628, "") + BinaryRecord(637, std::string(1, '\0') + Wide(u"a comment"));
  const auto package = [&](const std::string& cells) {
    return MakeZip({{"[Content_Types].xml", "<Types/>"},
                    {"xl/workbook.bin", book},
                    {"xl/sharedStrings.bin", strings},
                    {"xl/styles.bin", BinaryRecord(278, "")},
                    {"xl/calcChain.bin", BinaryRecord(528, "")},
                    {"xl/comments1.bin", comments},
                    {"xl/worksheets/sheet1.bin", cells}});
  };
  const RecordingSink sink = ExtractBytes(package(sheet));
  EXPECT_EQ(sink.TextOf("workbook"), "客户\n");
  EXPECT_EQ(sink.TextOf("sheet1"),
            "姓名\t\t证件 号\n王小明\t13912345678\t11010519491231002X\n12.34");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_HEADER), "机密\n");
  EXPECT_EQ(sink.TextOf(v1::PART_KIND_FOOTER), "内部\n");
  EXPECT_EQ(sink.TextOf("comments1"), "a comment\n");
  EXPECT_EQ(sink.TextOf("sheet1 links"), "a!b\nshown\n");
  EXPECT_NE(sink.AllText().find("deleted"), std::string::npos);
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(sink.broken, "");

  const RecordingSink cut = ExtractBytes(package(sheet.substr(0, sheet.size() - 3)));
  EXPECT_TRUE(cut.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << cut.Gaps();
  EXPECT_NE(cut.AllText().find("11010519491231002X"), std::string::npos);
  const RecordingSink endless =
      ExtractBytes(package(sheet + std::string("\x00\xff\xff\xff\x7f", 5)));
  EXPECT_FALSE(endless.gaps.empty());
}

}  // namespace
}  // namespace shoumi::inspect
