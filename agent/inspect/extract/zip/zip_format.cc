#include "agent/inspect/extract/zip/zip_format.h"

#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/text_writer.h"
#include "agent/inspect/extract/utf8.h"
#include "agent/inspect/extract/zip/archive.h"
#include "agent/inspect/extract/zip/trailer.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kNameBytesMax = 255;

// The name of what is not opened is still looked at.
void EmitNameOnly(const ZipArchive::Entry& entry, Context& context) {
  EmitPart(context, fmt::format("{}/name", Utf8Head(entry.name, kNameBytesMax)),
           v1::PART_KIND_FILE_NAME, entry.name);
}

void ExtractEntry(ZipArchive& archive, const ZipArchive::Entry& entry, Context& context) {
  if (entry.folder() && entry.packed_bytes == 0) {
    EmitNameOnly(entry, context);
    return;
  }
  absl::StatusOr<std::unique_ptr<Source>> source = archive.OpenEntry(entry, context);
  if (!source.ok()) {
    EmitNameOnly(entry, context);
    ReportFailure(context, Utf8Head(entry.name, kNameBytesMax), source.status(), false);
    return;
  }
  context.Nested(entry.name, **source);
}

bool Detect(std::string_view head, Source&) {
  return LooksLikeZip(head);
}

void Extract(Source& source, Context& context) {
  const absl::StatusOr<std::unique_ptr<ZipArchive>> archive = ZipArchive::Open(source);
  if (!archive.ok()) {
    ReportFailure(context, "", archive.status(), false);
    return;
  }
  if (context.depth == 0) context.bytes_read = source.size();
  EmitPart(context, "comments", v1::PART_KIND_COMMENT, (*archive)->comments());
  for (const ZipArchive::Entry& entry : (*archive)->entries()) {
    if (!context.SpendEntry("") || !context.InTime("")) return;
    ExtractEntry(**archive, entry, context);
  }
}

}  // namespace

const Format kZipFormat = {"zip", "application/zip", Detect, Extract};

}  // namespace shoumi::inspect
