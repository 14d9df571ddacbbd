// Content made to exhaust whoever reads it (F4): each ends with a named reason within the time and
// the memory that a worker has. Runs the real worker in its sandbox.
#include <unistd.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "agent/inspect/extract/testing/archive_writer.h"
#include "agent/inspect/extract/testing/pdf_writer.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "agent/inspect/testing/real_pool.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

constexpr std::chrono::seconds kTimeMax(10);
constexpr uint64_t kResidentKibMax = 512 << 10;

class Bombs : public RealPoolTest {
 protected:
  void SetUp() override {
    PoolOptions options;
    options.workers_max = 1;
    Start(options);
    InspectText("warm", "up");
  }

  // Reasons of `bytes`, separated by blanks, "clean" when there are none.
  std::string ReasonsFor(const std::string& bytes) {
    PeakMemory peak(ChildrenOf(::getpid()).at(0));
    const auto start = std::chrono::steady_clock::now();
    Inspection inspection;
    inspection.text = bytes;
    const v1::InspectReport report = Inspect(std::move(inspection), kTimeMax);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::set<std::string> reasons;
    std::string details;
    for (const v1::Unscanned& one : report.unscanned()) {
      reasons.insert(ShortName(one.reason()));
      if (details.size() < 100) details += one.detail() + "; ";
    }
    std::string names;
    for (const std::string& reason : reasons) names += reason + " ";
    if (names.empty()) names = "clean ";
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    fmt::print("{:<32} {:5.1f} s {:4} MiB  {}({})\n", test->name(), took.count(), peak.Kib() >> 10,
               names, details);
    EXPECT_LE(took, kTimeMax + std::chrono::milliseconds(200));
    EXPECT_GT(peak.Kib(), 0U);
    EXPECT_LE(peak.Kib(), kResidentKibMax);
    return names;
  }

  void ExpectNamed(const std::string& bytes, std::string_view reason) {
    const std::string names = ReasonsFor(bytes);
    EXPECT_NE(names.find(reason), std::string::npos) << names;
  }
  // What is read until a bound on size: on a slow or busy machine the time ends first.
  void ExpectEnds(const std::string& bytes) {
    const std::string names = ReasonsFor(bytes);
    EXPECT_TRUE(names == "OVERSIZE " || names == "TIMEOUT ") << names;
  }
  // What looks like a bomb and holds nothing that is not read.
  void ExpectClean(const std::string& bytes) { EXPECT_EQ(ReasonsFor(bytes), "clean "); }
};

TEST_F(Bombs, OneMemberOfZeros) {
  const std::string zip = MakeZip({{"zeros", std::string(200 << 20, '\0')}});
  ExpectNamed(zip, "OVERSIZE");
}

TEST_F(Bombs, ManyMembersOfText) {
  // 60 MiB each, below what the ratio of one member is held against.
  const std::string text(60 << 20, 'a');
  ZipWriter writer;
  writer.Add("0", text);
  for (int i = 1; i < 30; ++i) writer.AddCopy(fmt::format("{}", i));
  ExpectEnds(writer.Finish());
}

TEST_F(Bombs, ZipsInZips) {
  // As 42.zip: 16 in each of six layers, the innermost unpacking to 4 MiB, 64 TiB in all.
  std::string zip = MakeZip({{"0", std::string(4 << 20, '0')}});
  for (int layer = 0; layer < 6; ++layer) {
    ZipWriter writer;
    writer.Add("lib 0.zip", zip);
    for (int i = 1; i < 16; ++i) writer.AddCopy(fmt::format("lib {}.zip", i));
    zip = writer.Finish();
  }
  ExpectEnds(zip);
}

TEST_F(Bombs, OverlappingMembers) {
  ZipWriter writer;
  writer.Add("first", std::string(20 << 20, 'a'));
  for (int i = 0; i < 10'000; ++i) writer.AddOverlapping(fmt::format("{}", i));
  ExpectNamed(writer.Finish(), "CORRUPT");
}

TEST_F(Bombs, AMillionEntries) {
  std::string zip = MakeZip({{"a", "a"}});
  // The trailer's counts, 10 bytes behind its signature, then ZIP64's.
  const size_t trailer = zip.rfind("PK\x05\x06");
  zip.replace(trailer + 8, 4, "\xff\xff\xff\xff");
  EXPECT_NE(ReasonsFor(zip), "clean ");
  ZipWriter writer;
  for (int i = 0; i < 60'000; ++i) writer.Add(fmt::format("{}", i), "");
  ExpectNamed(writer.Finish(), "TOO_MANY");
}

TEST_F(Bombs, DepthWithoutEnd) {
  // A quine unpacks to itself for ever; depth stops it as it stops this.
  std::string zip = "end";
  for (int i = 0; i < 200; ++i) zip = MakeZip({{"r", zip}});
  ExpectNamed(zip, "TOO_DEEP");
}

TEST_F(Bombs, CompressedFilesOfZeros) {
  for (const auto filter : {archive_write_add_filter_gzip, archive_write_add_filter_bzip2,
                            archive_write_add_filter_zstd, archive_write_add_filter_xz}) {
    ExpectNamed(MakeArchive({"", archive_write_set_format_raw, filter},
                            {{"zeros", std::string(200 << 20, '\0')}}),
                "OVERSIZE");
  }
}

TEST_F(Bombs, CompressedFilesInEachOther) {
  std::string bytes(64 << 20, 'a');
  for (int i = 0; i < 200; ++i) {
    bytes = MakeArchive({"", archive_write_set_format_raw, archive_write_add_filter_gzip},
                        {{"x", bytes}});
  }
  ExpectNamed(bytes, "TOO_MANY");
}

TEST_F(Bombs, ASolid7zOfZeros) {
  ExpectNamed(
      MakeArchive({"", archive_write_set_format_7zip, nullptr},
                  {{"a", std::string(150 << 20, '\0')}, {"b", std::string(150 << 20, '\1')}}),
      "OVERSIZE");
}

TEST_F(Bombs, ATarOfAMillionNames) {
  std::vector<ArchiveFile> files(60'000, ArchiveFile{"x", ""});
  ExpectNamed(MakeArchive({"", archive_write_set_format_ustar, nullptr}, files), "TOO_MANY");
}

std::string Package(const std::string& path, const std::string& xml) {
  return MakeZip({{"[Content_Types].xml", "<Types/>"}, {path, xml}});
}

TEST_F(Bombs, BillionLaughs) {
  std::string xml = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\">";
  for (int i = 1; i < 10; ++i) {
    xml += fmt::format("<!ENTITY lol{} \"", i);
    for (int k = 0; k < 10; ++k) xml += i == 1 ? "&lol;" : fmt::format("&lol{};", i - 1);
    xml += "\">";
  }
  xml += "]><w:document><w:p><w:t>&lol9;</w:t></w:p></w:document>";
  ExpectNamed(Package("word/document.xml", xml), "CORRUPT");
}

TEST_F(Bombs, XmlWithoutBottom) {
  std::string xml = "<w:document>";
  for (int i = 0; i < 2'000'000; ++i) xml += "<w:p>";
  ExpectNamed(Package("word/document.xml", xml), "OVERSIZE");
}

TEST_F(Bombs, TextBoxesInTextBoxes) {
  std::string xml = "<w:document>";
  for (int i = 0; i < 900; ++i) xml += "<w:txbxContent>";
  for (int i = 0; i < 200'000; ++i) xml += "<w:p><w:t>some text to be held back</w:t></w:p>";
  ExpectNamed(Package("word/document.xml", xml), "");
}

TEST_F(Bombs, OneEndlessAttribute) {
  ExpectNamed(Package("word/document.xml",
                      "<w:document a=\"" + std::string(60 << 20, 'x') + "\"></w:document>"),
              "OVERSIZE");
}

TEST_F(Bombs, SharedStringsThatMultiply) {
  std::string rows;
  for (int i = 0; i < 100'000; ++i) rows += "<row><c t=\"s\"><v>0</v></c></row>";
  const std::string zip = MakeZip(
      {{"[Content_Types].xml", "<Types/>"},
       {"xl/sharedStrings.xml", "<sst><si><t>" + std::string(32'000, 'x') + "</t></si></sst>"},
       {"xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + rows + "</sheetData></worksheet>"}});
  ExpectEnds(zip);
}

TEST_F(Bombs, MillionsOfSharedStrings) {
  std::string strings = "<sst>";
  while (strings.size() < 60 << 20) strings += "<si/>";
  ExpectClean(Package("xl/sharedStrings.xml", strings + "</sst>"));
}

TEST_F(Bombs, AnEnormousDeclaredSheet) {
  ExpectClean(Package("xl/worksheets/sheet1.xml",
                      "<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1048576\">"
                      "<c r=\"XFD1048576\"><v>1E308</v></c></row></sheetData></worksheet>"));
}

TEST_F(Bombs, PdfWithMillionsOfPages) {
  std::string pdf;
  {
    PdfWriter writer;
    writer.AddPage({"text"});
    pdf = writer.Finish();
  }
  const size_t count = pdf.find("/Count 1 ");
  pdf.replace(count, 9, "/Count 2147483647 ");
  ExpectNamed(pdf, "CORRUPT");
}

TEST_F(Bombs, PdfFormsThatMultiply) {
  // Each form draws the one below it ten times: 10^12 strings.
  PdfWriter writer;
  int below = writer.AddObject(PdfStream(
      "/Type /XObject /Subtype /Form /BBox [0 0 600 850] /Resources << /Font << /F1 3 0 R "
      ">> >>",
      "BT /F1 12 Tf 50 50 Td <0041> Tj ET"));
  for (int layer = 0; layer < 12; ++layer) {
    std::string content;
    for (int i = 0; i < 10; ++i) content += "/X Do ";
    below = writer.AddObject(PdfStream(
        fmt::format(
            "/Type /XObject /Subtype /Form /BBox [0 0 600 850] /Resources << /XObject << /X "
            "{} 0 R >> >>",
            below),
        content));
  }
  writer.AddRawPage("/X Do", fmt::format("/Resources << /XObject << /X {} 0 R >> >>", below));
  ExpectEnds(writer.Finish());
}

TEST_F(Bombs, PdfStreamOfBlanks) {
  // A form whose content unpacks to 1 GiB, packed twice.
  const auto pack = [](const std::string& bytes) { return "\x78\x9c" + Deflate(bytes) + "sum!"; };
  PdfWriter writer;
  const int form = writer.AddObject(PdfStream(
      "/Type /XObject /Subtype /Form /BBox [0 0 600 850] /Filter [/FlateDecode /FlateDecode]",
      pack(pack(std::string(1 << 30, ' ')))));
  writer.AddRawPage("/X Do", fmt::format("/Resources << /XObject << /X {} 0 R >> >>", form));
  EXPECT_NE(ReasonsFor(writer.Finish()), "clean ");
}

TEST_F(Bombs, PdfWithAnEmbeddedBomb) {
  PdfWriter writer;
  writer.AddPage({"text"});
  writer.Embed("zeros.zip", MakeZip({{"zeros", std::string(200 << 20, '\0')}}));
  ExpectNamed(writer.Finish(), "OVERSIZE");
}

TEST_F(Bombs, PdfWithAMillionStrings) {
  std::string content = "BT /F1 12 Tf 50 50 Td ";
  for (int i = 0; i < 1'000'000; ++i) content += "<0041004200430044> Tj ";
  PdfWriter writer;
  writer.AddRawPage(content + "ET");
  ExpectClean(writer.Finish());
}

TEST_F(Bombs, ACellRepeatedForEver) {
  std::string rows = "<row>";
  for (int i = 0; i < 3'000'000; ++i) rows += "<c t=\"s\"><v>0</v></c>";
  ExpectEnds(MakeZip({{"[Content_Types].xml", "<Types/>"},
                      {"xl/sharedStrings.xml", "<sst count=\"2147483648\"><si><t>" +
                                                   std::string(900, 'x') + "</t></si></sst>"},
                      {"xl/worksheets/sheet1.xml",
                       "<worksheet><sheetData>" + rows + "</row></sheetData></worksheet>"}}));
}

TEST_F(Bombs, MailInMail) {
  std::string message = "\ntext";
  for (int i = 0; i < 5'000; ++i) {
    message = fmt::format("Content-Type: multipart/mixed; boundary=b{0}\n\n--b{0}\n", i) + message;
  }
  ExpectNamed("MIME-Version: 1.0\n" + message, "TOO_DEEP");
}

TEST_F(Bombs, PdfPageTreeThatMeetsItself) {
  PdfWriter writer;
  writer.AddPage({"text"});
  std::string pdf = writer.Finish();
  const size_t kids = pdf.find("/Kids [");
  pdf.replace(kids, 8, "/Kids [2 0 R ");
  ExpectNamed(pdf, "");
}

}  // namespace
}  // namespace shoumi::inspect
