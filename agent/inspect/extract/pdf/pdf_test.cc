#include "agent/inspect/extract/testing/pdf_writer.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

TEST(Pdf, ReadsPagesWithHanText) {
  PdfWriter pdf;
  pdf.AddPage({"机密★10年", "phone 13812345678"});
  pdf.AddPage({"第二页"});
  const RecordingSink sink = ExtractBytes(pdf.Finish());
  EXPECT_NE(sink.TextOf(v1::PART_KIND_FIRST_PAGE).find("机密★10年"), std::string::npos)
      << sink.AllText();
  EXPECT_NE(sink.TextOf("page 1").find("13812345678"), std::string::npos);
  EXPECT_NE(sink.TextOf("page 2").find("第二页"), std::string::npos);
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(sink.broken, "");
  EXPECT_EQ(MediaTypeOf(pdf.Finish()), "application/pdf");
}

TEST(Pdf, ReadsItsProperties) {
  PdfWriter pdf;
  pdf.AddPage({"text"});
  pdf.SetInfo("/Title (Top secret plan) /Keywords <FEFF7EDD5BC6> /Level (internal)");
  const std::string properties = ExtractBytes(pdf.Finish()).TextOf(v1::PART_KIND_PROPERTY);
  for (const char* line : {"Top secret plan\n", "绝密\n", "Level: internal\n"}) {
    EXPECT_NE(properties.find(line), std::string::npos) << properties;
  }
}

TEST(Pdf, PagesWithoutTextAreSaid) {
  PdfWriter pdf;
  pdf.AddPage({"text"});
  pdf.AddPage({});
  pdf.AddPage({"text"});
  pdf.AddPage({});
  pdf.AddPage({});
  const RecordingSink sink = ExtractBytes(pdf.Finish());
  ASSERT_EQ(sink.gaps.size(), 2U) << sink.Gaps();
  EXPECT_EQ(sink.gaps[0].reason, v1::UNSCANNED_REASON_UNSUPPORTED);
  EXPECT_EQ(sink.gaps[0].part, "page 2");
  EXPECT_EQ(sink.gaps[1].part, "pages 4-5");
}

TEST(Pdf, PicturesBesideTextAreSaid) {
  PdfWriter pdf;
  const std::string image = PdfStream(
      "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray "
      "/BitsPerComponent 8",
      "x");
  const int first = pdf.AddObject(image);
  pdf.AddObject(image);
  pdf.AddPage({"text"}, "/Resources << /Font << /F1 3 0 R >> /XObject << /X " +
                            std::to_string(first) + " 0 R >> >>");
  const RecordingSink sink = ExtractBytes(pdf.Finish());
  ASSERT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
  EXPECT_EQ(sink.gaps[0].reason, v1::UNSCANNED_REASON_UNSUPPORTED);
  EXPECT_EQ(sink.gaps[0].part, "pictures");
  EXPECT_EQ(sink.gaps[0].detail, "2 pictures");
}

// A document whose outline is what `items` make of it; the catalog of PdfWriter has none.
std::string WithOutline(int items, bool nested) {
  PdfWriter pdf;
  pdf.AddPage({"text"});
  const int root = pdf.NextObject();
  pdf.AddObject("<< /First " + std::to_string(root + 1) + " 0 R /Count 1 >>");
  for (int i = 1; i <= items; ++i) {
    const std::string next = i == items ? "" : std::to_string(root + i + 1) + " 0 R";
    std::string link;
    if (!next.empty()) link = nested ? "/Count 1 /First " + next : "/Next " + next;
    pdf.AddObject("<< /Title (item " + std::to_string(i) + ") " + link + " >>");
  }
  std::string bytes = pdf.Finish();
  const size_t catalog = bytes.find("/Type /Catalog");
  bytes.insert(catalog, "/Outlines " + std::to_string(root) + " 0 R ");
  return bytes;
}

TEST(Pdf, TheOutlineIsRead) {
  const RecordingSink sink = ExtractBytes(WithOutline(3, false));
  EXPECT_EQ(sink.TextOf("outline"), "item 1\nitem 2\nitem 3\n");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(Pdf, AnOutlineBeyondItsBoundsIsNamed) {
  EXPECT_TRUE(ExtractBytes(WithOutline(20'001, false)).HasGap(v1::UNSCANNED_REASON_TOO_MANY));
  EXPECT_TRUE(ExtractBytes(WithOutline(40, true)).HasGap(v1::UNSCANNED_REASON_TOO_DEEP));
}

TEST(Pdf, OneInADamagedMemberIsNamed) {
  PdfWriter pdf;
  for (int i = 0; i < 200; ++i) pdf.AddPage({"text " + std::to_string(i * 7919)});
  ZipWriter::Options damaged;
  damaged.deflate = false;
  damaged.damage = true;
  ZipWriter zip;
  zip.Add("a.pdf", pdf.Finish(), damaged);
  const RecordingSink sink = ExtractBytes(zip.Finish());
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_PARTIAL)) << sink.Gaps();
}

TEST(Pdf, AZeroCharacterDoesNotEndThePage) {
  PdfWriter pdf;
  pdf.AddPage({std::string("before\0after", 12)});
  const RecordingSink sink = ExtractBytes(pdf.Finish());
  EXPECT_NE(sink.AllText().find("before"), std::string::npos);
  EXPECT_NE(sink.AllText().find("after"), std::string::npos);
}

TEST(Pdf, TextOfATurnedPageIsRead) {
  PdfWriter pdf;
  pdf.AddPage({"13812345678"}, "/Rotate 90");
  EXPECT_NE(ExtractBytes(pdf.Finish()).AllText().find("13812345678"), std::string::npos);
}

TEST(Pdf, EmbeddedFilesAreDocuments) {
  PdfWriter pdf;
  pdf.AddPage({"text"});
  pdf.Embed("clients.zip", MakeZip({{"list.txt", "王小明 13812345678"}}));
  const RecordingSink sink = ExtractBytes(pdf.Finish());
  EXPECT_EQ(sink.TextOf("clients.zip/list.txt/first page"), "王小明 13812345678") << sink.Gaps();
}

TEST(Pdf, EncryptedOnesAreNamed) {
  PdfWriter pdf;
  pdf.AddPage({"text"});
  pdf.PretendEncrypted();
  const RecordingSink sink = ExtractBytes(pdf.Finish());
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_ENCRYPTED)) << sink.Gaps();
}

TEST(Pdf, DamagedOnesAreNamed) {
  EXPECT_TRUE(ExtractBytes("%PDF-1.4\nnothing of the kind").HasGap(v1::UNSCANNED_REASON_CORRUPT));
}

TEST(Pdf, OneTooLargeForMemoryIsNamed) {
  PdfWriter pdf;
  pdf.AddPage({"text"});
  Limits limits;
  limits.memory_object_bytes_max = 100;
  EXPECT_TRUE(ExtractBytes(pdf.Finish(), limits).HasGap(v1::UNSCANNED_REASON_OVERSIZE));
}

TEST(Pdf, AnnotationsAndFormsAreRead) {
  PdfWriter writer;
  const int xfa = writer.AddObject(PdfStream("", "<xdp><v>机密"));
  const int rest = writer.AddObject(PdfStream("", " in it</v></xdp>"));
  const int kid = writer.AddObject("<< /T (k) /V (kid) >>");
  const int field =
      writer.AddObject(fmt::format("<< /Type /Annot /Subtype /Widget /FT /Tx /T (id) /TU (Identity "
                                   "number) /V (11010519491231002X) "
                                   "/Kids [{} 0 R] >>",
                                   kid));
  const int choice =
      writer.AddObject("<< /FT /Ch /T (c) /V [(one) (two)] /Opt [[(o) (Option one)] (plain)] >>");
  writer.AddPage(
      {"text"},
      fmt::format("/Annots [<< /Type /Annot /Subtype /Text /Contents <FEFF7EDD5BC6> /Subj "
                  "(a note) >> << /Subtype /Link >> {} 0 R]",
                  field));
  writer.SetCatalog(
      fmt::format("/AcroForm << /Fields [{} 0 R {} 0 R] /XFA [(a) {} 0 R (b) {} 0 R] >>", field,
                  choice, xfa, rest));
  const RecordingSink sink = ExtractBytes(writer.Finish());
  EXPECT_EQ(sink.TextOf("annotations"), "绝密\na note");
  EXPECT_EQ(sink.TextOf("form"),
            "Identity number\n11010519491231002X\nkid\none\ntwo\no\nOption one\nplain");
  EXPECT_EQ(sink.TextOf("xfa/first page"), "<xdp><v>机密 in it</v></xdp>");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(sink.broken, "");
}

// Fields and pages that hold each other, and more than anybody draws.
TEST(Pdf, FormsHaveBounds) {
  PdfWriter circle;
  const int next = circle.NextObject();
  circle.AddObject(fmt::format("<< /V (first) /Kids [{} 0 R] >>", next + 1));
  circle.AddObject(fmt::format("<< /V (second) /Kids [{} 0 R {} 0 R] >>", next, next + 1));
  circle.AddPage({"text"}, fmt::format("/Annots [{} 0 R {} 0 R]", next, next));
  circle.SetCatalog(fmt::format("/AcroForm << /Fields [{} 0 R] >>", next));
  EXPECT_EQ(ExtractBytes(circle.Finish()).TextOf("form"), "first\nsecond");

  PdfWriter deep;
  std::string field = "<< /V (last) >>";
  for (int i = 0; i < 100; ++i) field = "<< /V (f) /Kids [" + field + "] >>";
  deep.AddPage({"text"});
  deep.SetCatalog("/AcroForm << /Fields [" + field + "] >>");
  const RecordingSink sink = ExtractBytes(deep.Finish());
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_TOO_DEEP)) << sink.Gaps();

  PdfWriter many;
  std::string annotations;
  for (int i = 0; i < 100'100; ++i) annotations += "<</Contents(x)>>";
  many.AddPage({"text"}, "/Annots [" + annotations + "]");
  const RecordingSink full = ExtractBytes(many.Finish());
  EXPECT_TRUE(full.HasGap(v1::UNSCANNED_REASON_TOO_MANY)) << full.Gaps();
  EXPECT_EQ(full.TextOf("annotations").size(), 2U * 100'000 - 1);
}

}  // namespace
}  // namespace shoumi::inspect
