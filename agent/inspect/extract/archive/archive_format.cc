#include "agent/inspect/extract/archive/archive_format.h"

#include <array>
#include <string>

#include "agent/inspect/extract/archive/detect.h"
#include "agent/inspect/extract/archive/reader.h"
#include "agent/inspect/extract/archive/split.h"
#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/text_writer.h"
#include "agent/inspect/extract/utf8.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kNameBytesMax = 255;
constexpr std::string_view kContentName = "content";  // of a compressed file

void EmitNameOnly(const ArchiveReader::Member& member, Context& context) {
  const std::string part = fmt::format("{}/name", Utf8Head(member.name, kNameBytesMax));
  const std::string text =
      member.link_target.empty() ? member.name : member.name + '\n' + member.link_target;
  EmitPart(context, part, v1::PART_KIND_FILE_NAME, text);
}

// False when nothing that follows can be read either.
bool ExtractMember(ArchiveReader& reader, const ArchiveReader::Member& member, Context& context) {
  if (!member.file || member.encrypted) EmitNameOnly(member, context);
  if (!member.file) return true;
  if (member.encrypted) {
    ReportFailure(context, Utf8Head(member.name, kNameBytesMax),
                  absl::PermissionDeniedError("encrypted member"), false);
    return true;
  }
  MemberSource content(reader, member, context);
  context.Nested(member.name, content);
  const bool said = reader.member_failed();
  const absl::Status skipped = reader.Skip();
  if (skipped.ok()) return true;
  if (!said) ReportFailure(context, Utf8Head(member.name, kNameBytesMax), skipped, true);
  return absl::IsUnimplemented(skipped) || absl::IsPermissionDenied(skipped) ||
         absl::IsDataLoss(skipped);
}

void ExtractBehind(ArchiveReader& reader, Context& context) {
  std::array<char, 16 << 10> block;
  while (context.InTime("")) {
    const absl::StatusOr<size_t> got = reader.ReadBehind(block);
    if (!got.ok()) return ReportFailure(context, "behind the archive", got.status(), true);
    if (*got == 0) return;
    // Archives are filled up with zeros.
    const std::string_view bytes(block.data(), *got);
    const size_t start = bytes.find_first_not_of('\0');
    if (start == std::string_view::npos) continue;
    BehindSource source(reader, bytes.substr(start), context);
    return context.Nested("behind the archive", source);
  }
}

void ExtractMembers(Source& source, Context& context, const ArchiveKind& kind) {
  ArchiveReader reader(source, context, kind);
  absl::Status status = reader.Open();
  bool something_read = false;
  while (status.ok()) {
    if (!context.SpendEntry("") || !context.InTime("")) return;
    ArchiveReader::Member member;
    const absl::StatusOr<bool> there = reader.Next(&member);
    status = there.status();
    if (!there.ok()) break;
    if (!*there) return ExtractBehind(reader, context);
    something_read = true;
    if (kind.compressed_file && member.name == "data") member.name = kContentName;
    if (!ExtractMember(reader, member, context)) return;
  }
  ReportFailure(context, "", status, something_read);
}

bool Detect(std::string_view head, Source&) {
  return !DetectArchive(head).media_type.empty();
}

void Extract(Source& source, Context& context) {
  std::array<char, kHeadBytes> buffer;
  const absl::StatusOr<size_t> got = source.ReadAt(source.NextData(0), buffer);
  if (!got.ok()) return ReportFailure(context, "", got.status(), false);
  const std::string_view head(buffer.data(), *got);
  const ArchiveKind kind = DetectArchive(head);
  context.media_type = kind.media_type;
  if (context.depth == 0) context.bytes_read = source.size();
  if (IsSplitVolume(head, source.size())) {
    context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_UNSUPPORTED,
                           "one part of a split archive");
  }
  ExtractMembers(source, context, kind);
}

}  // namespace

const Format kArchiveFormat = {"archive", "application/x-archive", Detect, Extract};

}  // namespace shoumi::inspect
