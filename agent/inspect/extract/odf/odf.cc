#include "agent/inspect/extract/odf/odf.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "agent/inspect/extract/odf/reader.h"
#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/signatures/signatures.h"
#include "agent/inspect/extract/text/charset.h"
#include "agent/inspect/extract/zip/archive.h"
#include "agent/inspect/extract/zip/trailer.h"
#include "agent/inspect/extract/zip/zip_format.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr std::string_view kMimeTypes = "application/vnd.oasis.opendocument.";
constexpr std::string_view kManifest = "META-INF/manifest.xml";
constexpr uint64_t kManifestBytesMax = 1 << 20;
constexpr size_t kHeadOfMemberBytes = 4096;
constexpr size_t kMimeTypeBytesMax = 100;

// About the package, not of its content (ODF 1.3, part 2): where the standard puts it. The same
// root elsewhere is content.
bool IsAboutThePackage(std::string_view name, std::string_view root) {
  if (root == "document-settings") return name == "settings.xml" || name.ends_with("/settings.xml");
  if (root == "manifest") return name == kManifest;
  if (root == "document-signatures") return name == "META-INF/documentsignatures.xml";
  return root == "RDF" && (name == "manifest.rdf" || name.ends_with("/manifest.rdf"));
}

bool IsMimeType(std::string_view content) {
  return content.starts_with(kMimeTypes) && content.size() <= kMimeTypeBytesMax &&
         std::all_of(content.begin() + kMimeTypes.size(), content.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

// Pictures of what is read elsewhere, and what LibreOffice keeps for itself.
bool IsByproduct(std::string_view name, std::string_view head) {
  const Signature* const signature = FindSignature(head);
  const bool picture = signature != nullptr && IsPicture(*signature);
  if (name.starts_with("Thumbnails/")) return picture;
  if (name == "mimetype") return IsMimeType(head);
  const bool binary = DetectStart(head).charset == Charset::kBinary;
  if (name.starts_with("ObjectReplacements/")) {
    return picture || (head.starts_with("VCLMTF") && binary);
  }
  return name == "layout-cache" && binary;
}

void ReadXml(Source& source, std::string_view part, Context& context) {
  OdfReader reader(context);
  const absl::Status status = ParseXml(source, context, reader);
  reader.Finish();
  ReportFailure(context, part, status, reader.saw_text());
  if (reader.broken_binaries() > 0) {
    context.sink.Unscanned(context.PartName(part), v1::UNSCANNED_REASON_CORRUPT,
                           fmt::format("{} embedded objects", reader.broken_binaries()));
  }
  uint32_t number = 0;
  for (const std::string& bytes : reader.binaries()) {
    const std::string name = fmt::format("object {}", ++number);
    if (!context.SpendEntry(name) || !context.SpendBytes(bytes.size(), name)) return;
    const auto content = MakeMemorySource(bytes);
    context.Nested(name, *content);
  }
}

class OdfPackage {
 public:
  OdfPackage(ZipArchive& archive, Context& context) : archive_(archive), context_(context) {}

  void Read() {
    if (Encrypted()) {
      return context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_ENCRYPTED,
                                     "encrypted OpenDocument");
    }
    for (const ZipArchive::Entry& entry : archive_.entries()) {
      if (!context_.SpendEntry("") || !context_.InTime("")) return;
      if (!entry.folder() || entry.packed_bytes > 0) ReadMember(entry);
    }
  }

 private:
  // The manifest says how a member is encrypted (ODF 1.3, part 2, 4.8.1).
  bool Encrypted() {
    for (const ZipArchive::Entry& entry : archive_.entries()) {
      if (entry.name == "encrypted-package") return true;
      if (entry.name != kManifest) continue;
      const auto source = archive_.OpenEntry(entry, context_);
      if (!source.ok()) return false;
      std::string text(std::min(entry.bytes, kManifestBytesMax), '\0');
      const absl::StatusOr<size_t> got = (*source)->ReadAt(0, text);
      return got.ok() && text.find("encryption-data") != std::string::npos;
    }
    return false;
  }

  void ReadMember(const ZipArchive::Entry& entry) {
    const absl::StatusOr<std::unique_ptr<Source>> source = archive_.OpenEntry(entry, context_);
    if (!source.ok()) return ReportFailure(context_, entry.name, source.status(), false);
    std::array<char, kHeadOfMemberBytes> buffer;
    const absl::StatusOr<size_t> got = (*source)->ReadAt(0, buffer);
    if (!got.ok()) return ReportFailure(context_, entry.name, got.status(), false);
    const std::string_view head(buffer.data(), *got);
    if (head.empty()) return;
    const std::string root = FindXmlRoot(**source, context_, entry.name).local;
    if (IsAboutThePackage(entry.name, root) || IsByproduct(entry.name, head)) return;
    if (root.starts_with("document") && entry.name.find('/') == std::string::npos) {
      ReadXml(**source, entry.name, context_);
    } else {
      context_.Nested(entry.name, **source);
    }
  }

  ZipArchive& archive_;
  Context& context_;
};

bool Detect(std::string_view head, Source& source) {
  return LooksLikeZip(head) && ZipHasEntry(source, "content.xml") &&
         (ZipHasEntry(source, "mimetype") || ZipHasEntry(source, kManifest));
}

void Extract(Source& source, Context& context) {
  const absl::StatusOr<std::unique_ptr<ZipArchive>> archive = ZipArchive::Open(source);
  if (!archive.ok()) return ReportFailure(context, "", archive.status(), false);
  if (context.depth == 0) context.bytes_read = source.size();
  OdfPackage(**archive, context).Read();
  ExtractAroundArchive(**archive, source, context);
}

bool DetectXml(std::string_view, Source& source) {
  const XmlRootElement root = FindXmlRoot(source);
  return root.local.starts_with("document") && root.uri == kOdfOffice;
}

void ExtractXml(Source& source, Context& context) {
  if (context.depth == 0) context.bytes_read = source.size();
  ReadXml(source, "", context);
}

}  // namespace

const Format kOdfFormat = {"odf", "application/vnd.oasis.opendocument", Detect, Extract};
const Format kOdfXmlFormat = {"odf-xml", "application/vnd.oasis.opendocument+xml", DetectXml,
                              ExtractXml};

}  // namespace shoumi::inspect
