#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <utility>

#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/text/names.h"
#include "agent/inspect/extract/text_writer.h"
#include "agent/inspect/extract/utf8.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kPartNameBytesMax = 255;  // of one step; what is longer is cut for display only

void ExtractContent(Source& source, Context& context) {
  std::array<char, kHeadBytes> buffer;
  const absl::StatusOr<size_t> got = source.ReadAt(source.NextData(0), buffer);
  if (!got.ok()) {
    ReportFailure(context, "", got.status(), false);
    return;
  }
  if (*got == 0) return;
  const std::string_view head(buffer.data(), *got);
  for (const Format* format : Formats()) {
    if (!format->detect(head, source)) continue;
    context.media_type = format->media_type;
    format->extract(source, context);
    return;
  }
  context.media_type = "application/octet-stream";
  context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_UNSUPPORTED,
                         "unknown binary content");
}

// The last line of defence: formats catch what their libraries throw, except running out of memory.
void ExtractGuarded(Source& source, Context& context) {
  try {
    ExtractContent(source, context);
  } catch (const std::bad_alloc&) {
    context.CloseOpenPart();
    context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_OVERSIZE,
                           "out of memory while reading");
  } catch (const std::exception&) {
    context.CloseOpenPart();
    context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_CORRUPT, "a parser gave up");
  }
}

void EmitName(std::string_view name, Context& context) {
  EmitPart(context, "name", v1::PART_KIND_FILE_NAME, DecodeName(name));
}

void SayType(std::string_view name, Context& context) {
  if (name.empty() || context.media_type.empty()) return;
  context.CloseOpenPart();
  context.sink.Named(context.PartName(""), DecodeName(name), context.media_type);
}

}  // namespace

void Context::Nested(std::string_view name, Source& source) {
  if (depth >= limits.depth_max) {
    sink.Unscanned(PartName(Utf8Head(name, kPartNameBytesMax)), v1::UNSCANNED_REASON_TOO_DEEP,
                   fmt::format("archive_depth_max {}", limits.depth_max));
    return;
  }
  const size_t outer = prefix_.size();
  prefix_ = PartName(Utf8Head(name, kPartNameBytesMax));
  ++depth;
  EmitName(name, *this);
  const std::string outer_type = std::exchange(media_type, "");
  ExtractGuarded(source, *this);
  SayType(name, *this);
  media_type = outer_type;
  --depth;
  prefix_.resize(outer);
}

void ExtractDocument(std::string_view name, Source& source, Context& context) {
  if (!name.empty()) EmitName(name, context);
  if (context.limits.content_bytes_max != 0 && source.size() > context.limits.content_bytes_max) {
    context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_OVERSIZE,
                           fmt::format("content_bytes_max {}", context.limits.content_bytes_max));
    return;
  }
  ExtractGuarded(source, context);
  SayType(name, context);
}

}  // namespace shoumi::inspect
