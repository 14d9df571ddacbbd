#include "agent/inspect/extract/ooxml/ooxml.h"

#include "agent/inspect/extract/ooxml/package.h"
#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/zip/archive.h"
#include "agent/inspect/extract/zip/trailer.h"
#include "agent/inspect/extract/zip/zip_format.h"

namespace shoumi::inspect {
namespace {

bool IsPackage(std::string_view head, Source& source) {
  return LooksLikeZip(head) && ZipHasEntry(source, "[Content_Types].xml");
}

bool DetectDocx(std::string_view head, Source& source) {
  return IsPackage(head, source) && ZipHasEntry(source, "word/");
}

bool DetectXlsx(std::string_view head, Source& source) {
  return IsPackage(head, source) && ZipHasEntry(source, "xl/");
}

bool DetectPptx(std::string_view head, Source& source) {
  return IsPackage(head, source) && ZipHasEntry(source, "ppt/");
}

void Extract(Source& source, Context& context) {
  const absl::StatusOr<std::unique_ptr<ZipArchive>> archive = ZipArchive::Open(source);
  if (!archive.ok()) {
    ReportFailure(context, "", archive.status(), false);
    return;
  }
  if (context.depth == 0) context.bytes_read = source.size();
  PackageReader(**archive, context).Read();
  ExtractAroundArchive(**archive, source, context);
}

}  // namespace

const Format kDocxFormat = {
    "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", DetectDocx,
    Extract};
const Format kXlsxFormat = {"xlsx",
                            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                            DetectXlsx, Extract};
const Format kPptxFormat = {
    "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", DetectPptx,
    Extract};
const Format kPackageFormat = {"opc", "application/vnd.openxmlformats-package", IsPackage, Extract};

}  // namespace shoumi::inspect
