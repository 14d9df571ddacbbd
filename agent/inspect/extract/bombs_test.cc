// Content made to exhaust whoever reads it: each ends with a named reason, in time and in memory.
// Run in a child process whose memory is bounded as a worker's is.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "agent/inspect/extract/testing/pdf_writer.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

constexpr std::chrono::seconds kTimeMax(10);
constexpr int64_t kResidentKibMax = 512 << 10;
constexpr rlim_t kAddressBytesMax = 768U << 20;

// Reasons that extraction gave, in a process of its own.
struct Outcome {
  std::string reasons;
  int status = 0;
  int64_t resident_kib = 0;
  std::chrono::duration<double> took{};
};

Outcome Survive(const std::string& bytes) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    ::alarm(kTimeMax.count());  // as the pool ends a worker at the deadline
    // As the worker's own bound, a little below the target since libraries are mapped as well.
    const struct rlimit memory = {kAddressBytesMax, kAddressBytesMax};
    ::setrlimit(RLIMIT_AS, &memory);
    const RecordingSink sink = ExtractBytes(bytes, Limits(), kTimeMax, false);
    std::string reasons = sink.broken.empty() ? sink.Gaps() : "broken: " + sink.broken;
    reasons.resize(std::min<size_t>(reasons.size(), 4000));
    ::_exit(::write(ends[1], reasons.data(), reasons.size()) < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  Outcome outcome;
  char buffer[4096];
  const ssize_t got = ::read(ends[0], buffer, sizeof(buffer));
  if (got > 0) outcome.reasons.assign(buffer, static_cast<size_t>(got));
  ::close(ends[0]);
  struct rusage usage = {};
  ::wait4(child, &outcome.status, 0, &usage);
  outcome.resident_kib = usage.ru_maxrss;
  outcome.took = std::chrono::steady_clock::now() - start;
  return outcome;
}

void ExpectNamed(const std::string& bytes, std::string_view reason) {
  const Outcome outcome = Survive(bytes);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.reasons.find(reason), std::string::npos) << outcome.reasons;
  EXPECT_LT(outcome.took, kTimeMax + std::chrono::seconds(1));
  EXPECT_LT(outcome.resident_kib, kResidentKibMax);
  fmt::print("{:.1f} s, {} MiB: {}\n", outcome.took.count(), outcome.resident_kib >> 10,
             outcome.reasons.substr(0, 200));
}

// Poppler cannot be interrupted within a page. What it draws for ever ends by the worker's bounds
// on memory and time, and the pool names that (CRASHED, TIMEOUT).
bool EndsByTheWorkersBounds(const Outcome& outcome) {
  const bool killed = WIFSIGNALED(outcome.status) &&
                      (WTERMSIG(outcome.status) == SIGABRT || WTERMSIG(outcome.status) == SIGALRM);
  return (killed || outcome.reasons.find("UNSCANNED") != std::string::npos) &&
         outcome.took < kTimeMax + std::chrono::seconds(1);
}

TEST(Bombs, OneMemberOfZeros) {
  const std::string zip = MakeZip({{"zeros", std::string(200 << 20, '\0')}});
  ExpectNamed(zip, "OVERSIZE");
}

TEST(Bombs, ManyMembersOfText) {
  // 60 MiB each, below what the ratio of one member is held against.
  const std::string text(60 << 20, 'a');
  ZipWriter writer;
  writer.Add("0", text);
  for (int i = 1; i < 30; ++i) writer.AddCopy(fmt::format("{}", i));
  ExpectNamed(writer.Finish(), "OVERSIZE");
}

TEST(Bombs, ZipsInZips) {
  // As 42.zip: 16 in each of six layers, the innermost unpacking to 4 MiB, 64 TiB in all.
  std::string zip = MakeZip({{"0", std::string(4 << 20, '0')}});
  for (int layer = 0; layer < 6; ++layer) {
    ZipWriter writer;
    writer.Add("lib 0.zip", zip);
    for (int i = 1; i < 16; ++i) writer.AddCopy(fmt::format("lib {}.zip", i));
    zip = writer.Finish();
  }
  ExpectNamed(zip, "OVERSIZE");
}

TEST(Bombs, OverlappingMembers) {
  ZipWriter writer;
  writer.Add("first", std::string(20 << 20, 'a'));
  for (int i = 0; i < 10'000; ++i) writer.AddOverlapping(fmt::format("{}", i));
  ExpectNamed(writer.Finish(), "CORRUPT");
}

TEST(Bombs, AMillionEntries) {
  std::string zip = MakeZip({{"a", "a"}});
  // The trailer's counts, 10 bytes behind its signature, then ZIP64's.
  const size_t trailer = zip.rfind("PK\x05\x06");
  zip.replace(trailer + 8, 4, "\xff\xff\xff\xff");
  EXPECT_NE(Survive(zip).reasons, "");
  ZipWriter writer;
  for (int i = 0; i < 60'000; ++i) writer.Add(fmt::format("{}", i), "");
  ExpectNamed(writer.Finish(), "TOO_MANY");
}

TEST(Bombs, DepthWithoutEnd) {
  // A quine unpacks to itself for ever; depth stops it as it stops this.
  std::string zip = "end";
  for (int i = 0; i < 200; ++i) zip = MakeZip({{"r", zip}});
  ExpectNamed(zip, "TOO_DEEP");
}

std::string Package(const std::string& path, const std::string& xml) {
  return MakeZip({{"[Content_Types].xml", "<Types/>"}, {path, xml}});
}

TEST(Bombs, BillionLaughs) {
  std::string xml = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\">";
  for (int i = 1; i < 10; ++i) {
    xml += fmt::format("<!ENTITY lol{} \"", i);
    for (int k = 0; k < 10; ++k) xml += i == 1 ? "&lol;" : fmt::format("&lol{};", i - 1);
    xml += "\">";
  }
  xml += "]><w:document><w:p><w:t>&lol9;</w:t></w:p></w:document>";
  ExpectNamed(Package("word/document.xml", xml), "CORRUPT");
}

TEST(Bombs, XmlWithoutBottom) {
  std::string xml = "<w:document>";
  for (int i = 0; i < 2'000'000; ++i) xml += "<w:p>";
  ExpectNamed(Package("word/document.xml", xml), "OVERSIZE");
}

TEST(Bombs, TextBoxesInTextBoxes) {
  std::string xml = "<w:document>";
  for (int i = 0; i < 900; ++i) xml += "<w:txbxContent>";
  for (int i = 0; i < 200'000; ++i) xml += "<w:p><w:t>some text to be held back</w:t></w:p>";
  ExpectNamed(Package("word/document.xml", xml), "");
}

TEST(Bombs, OneEndlessAttribute) {
  ExpectNamed(Package("word/document.xml",
                      "<w:document a=\"" + std::string(60 << 20, 'x') + "\"></w:document>"),
              "OVERSIZE");
}

TEST(Bombs, SharedStringsThatMultiply) {
  std::string rows;
  for (int i = 0; i < 100'000; ++i) rows += "<row><c t=\"s\"><v>0</v></c></row>";
  const std::string zip = MakeZip(
      {{"[Content_Types].xml", "<Types/>"},
       {"xl/sharedStrings.xml", "<sst><si><t>" + std::string(32'000, 'x') + "</t></si></sst>"},
       {"xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + rows + "</sheetData></worksheet>"}});
  ExpectNamed(zip, "OVERSIZE");
}

TEST(Bombs, MillionsOfSharedStrings) {
  std::string strings = "<sst>";
  while (strings.size() < 60 << 20) strings += "<si/>";
  ExpectNamed(Package("xl/sharedStrings.xml", strings + "</sst>"), "");
}

TEST(Bombs, AnEnormousDeclaredSheet) {
  ExpectNamed(Package("xl/worksheets/sheet1.xml",
                      "<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1048576\">"
                      "<c r=\"XFD1048576\"><v>1E308</v></c></row></sheetData></worksheet>"),
              "");
}

TEST(Bombs, PdfWithMillionsOfPages) {
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

TEST(Bombs, PdfFormsThatMultiply) {
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
  EXPECT_TRUE(EndsByTheWorkersBounds(Survive(writer.Finish())));
}

TEST(Bombs, PdfPageTreeThatMeetsItself) {
  PdfWriter writer;
  writer.AddPage({"text"});
  std::string pdf = writer.Finish();
  const size_t kids = pdf.find("/Kids [");
  pdf.replace(kids, 8, "/Kids [2 0 R ");
  EXPECT_EQ(Survive(pdf).status, 0);
}

}  // namespace
}  // namespace shoumi::inspect
