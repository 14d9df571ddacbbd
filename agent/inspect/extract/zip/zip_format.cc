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
  ExtractAroundArchive(**archive, source, context);
  for (const ZipArchive::Entry& entry : (*archive)->entries()) {
    if (!context.SpendEntry("") || !context.InTime("")) return;
    ExtractEntry(**archive, entry, context);
  }
}

}  // namespace

void ExtractAroundArchive(const ZipArchive& archive, Source& source, Context& context) {
  EmitPart(context, "comments", v1::PART_KIND_COMMENT, archive.comments());
  if (archive.end_offset() >= source.size()) return;
  // The end is found within the last 64 KiB of the file, so there is no more than that behind it.
  std::string behind(source.size() - archive.end_offset(), '\0');
  const absl::StatusOr<size_t> got = source.ReadAt(archive.end_offset(), std::span(behind));
  if (!got.ok()) {
    ReportFailure(context, "behind the archive", got.status(), true);
    return;
  }
  const auto content = MakeMemorySource(std::string_view(behind).substr(0, *got));
  context.Nested("behind the archive", *content);
}

const Format kZipFormat = {"zip", "application/zip", Detect, Extract};

}  // namespace shoumi::inspect
