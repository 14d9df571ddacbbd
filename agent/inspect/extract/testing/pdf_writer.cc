#include "agent/inspect/extract/testing/pdf_writer.h"

#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// The basic plane of UTF-8 as hexadecimal UTF-16BE.
std::string Utf16Hex(std::string_view utf8) {
  std::string hex;
  size_t i = 0;
  while (i < utf8.size()) {
    const auto at = [&](size_t k) { return static_cast<uint32_t>(static_cast<uint8_t>(utf8[k])); };
    const uint32_t lead = at(i);
    uint32_t code = lead;
    size_t length = 1;
    if (lead >= 0xE0) {
      code = ((lead & 0x0F) << 12) | ((at(i + 1) & 0x3F) << 6) | (at(i + 2) & 0x3F);
      length = 3;
    } else if (lead >= 0xC0) {
      code = ((lead & 0x1F) << 6) | (at(i + 1) & 0x3F);
      length = 2;
    }
    hex += fmt::format("{:04X}", code);
    i += length;
  }
  return hex;
}

constexpr std::string_view kIdentityMap =
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 "
    "def\n"
    "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
    "1 beginbfrange <0000> <FFFF> <0000> endbfrange\n"
    "endcmap CMapName currentdict /CMap defineresource pop end end";

}  // namespace

std::string PdfStream(std::string_view entries, std::string_view bytes) {
  return fmt::format("<< {} /Length {} >>\nstream\n{}\nendstream", entries, bytes.size(), bytes);
}

int PdfWriter::AddObject(std::string_view body) {
  objects_.emplace_back(body);
  return static_cast<int>(objects_.size()) + kFirstFree - 1;
}

void PdfWriter::AddPage(const std::vector<std::string>& lines, std::string_view attributes) {
  std::string content;
  int y = 800;
  for (const std::string& line : lines) {
    content += fmt::format("BT /F1 12 Tf 50 {} Td <{}> Tj ET\n", y, Utf16Hex(line));
    y -= 20;
  }
  AddRawPage(content, attributes);
}

void PdfWriter::AddRawPage(std::string_view content, std::string_view attributes) {
  const int stream = AddObject(PdfStream("", content));
  pages_.push_back(AddObject(fmt::format(
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {} 0 R {} {} >>", stream,
      attributes.find("/Resources") == std::string_view::npos
          ? "/Resources << /Font << /F1 3 0 R >> >>"
          : "",
      attributes)));
}

void PdfWriter::Embed(std::string_view name, std::string_view bytes) {
  const int stream = AddObject(PdfStream("/Type /EmbeddedFile", bytes));
  const int spec = AddObject(
      fmt::format("<< /Type /Filespec /F ({0}) /UF ({0}) /EF << /F {1} 0 R >> >>", name, stream));
  names_ += fmt::format("({}) {} 0 R ", name, spec);
}

std::string PdfWriter::Finish() const {
  constexpr const char* kFont =
      "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [4 0 R] "
      "/ToUnicode 6 0 R >>";
  constexpr const char* kDescendantFont =
      "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << /Registry (Adobe) "
      "/Ordering (Identity) /Supplement 0 >> /FontDescriptor 5 0 R /DW 1000 >>";
  constexpr const char* kFontDescriptor =
      "<< /Type /FontDescriptor /FontName /X /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 "
      "/Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>";
  std::string kids;
  for (const int page : pages_) kids += fmt::format("{} 0 R ", page);
  std::vector<std::string> all = {
      fmt::format(
          "<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [{}] >> >> {} >>",
          names_, catalog_),
      fmt::format("<< /Type /Pages /Count {} /Kids [{}] >>", pages_.size(), kids),
      kFont,
      kDescendantFont,
      kFontDescriptor,
      PdfStream("", kIdentityMap),
      fmt::format("<< {} >>", info_),
      fmt::format("<< /Filter /Standard /V 1 /R 2 /O <{0}> /U <{0}> /P -4 >>",
                  std::string(64, '5')),
  };
  all.insert(all.end(), objects_.begin(), objects_.end());
  std::string out = "%PDF-1.4\n";
  std::string table = fmt::format("xref\n0 {}\n0000000000 65535 f \n", all.size() + 1);
  for (size_t i = 0; i < all.size(); ++i) {
    table += fmt::format("{:010} 00000 n \n", out.size());
    out += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, all[i]);
  }
  const size_t start = out.size();
  out += table;
  out += fmt::format("trailer << /Size {} /Root 1 0 R /Info 7 0 R {} >>\nstartxref\n{}\n%%EOF\n",
                     all.size() + 1, encrypted_ ? "/Encrypt 8 0 R /ID [<00112233> <00112233>]" : "",
                     start);
  return out;
}

}  // namespace shoumi::inspect
