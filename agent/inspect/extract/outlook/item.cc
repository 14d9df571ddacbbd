#include "agent/inspect/extract/outlook/item.h"

#include <algorithm>

#include "agent/inspect/extract/outlook/compressed_rtf.h"
#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/text/decoder.h"
#include "agent/inspect/extract/text/names.h"
#include "agent/inspect/extract/text_writer.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// [MS-OXPROPS]
constexpr uint16_t kBody = 0x1000;
constexpr uint16_t kBodyRtf = 0x1009;
constexpr uint16_t kBodyHtml = 0x1013;
constexpr uint16_t kAttachData = 0x3701;
constexpr size_t kInterfaceBytes = 16;  // before an object in TNEF ([MS-OXTNEF] 2.1.3.4)

struct Label {
  uint16_t id;
  std::string_view name;
};
constexpr Label kLabels[] = {
    {0x0037, "subject"}, {0x0C1A, "sender"},  {0x0C1F, "sender address"}, {0x0E02, "bcc"},
    {0x0E03, "cc"},      {0x0E04, "to"},      {0x3001, "name"},           {0x3003, "address"},
    {0x39FE, "address"}, {0x007D, "headers"}, {0x3704, "file"},           {0x3707, "file"},
};

bool IsText(const MapiProperty& property) {
  return property.type == MapiProperty::kString8 || property.type == MapiProperty::kUnicode;
}

// Zeros at the end are padding.
std::string TextOf(const MapiProperty& property, bool* damaged) {
  std::string text;
  if (property.type == MapiProperty::kUnicode) {
    Decoder decoder(std::string("utf-16le"));
    decoder.Decode(property.bytes, true, text);
    if (decoder.invalid() > 0) *damaged = true;
  } else {
    const size_t last = property.bytes.find_last_not_of('\0');
    text = DecodeName(property.bytes.substr(0, last == std::string_view::npos ? 0 : last + 1));
  }
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

std::string LabelOf(uint16_t id) {
  const auto* found = std::find_if(std::begin(kLabels), std::end(kLabels),
                                   [&](const Label& one) { return one.id == id; });
  return found == std::end(kLabels) ? fmt::format("{:04x}", id) : std::string(found->name);
}

void Nest(const std::string& name, std::string_view bytes, Context& context) {
  if (!context.SpendEntry(name) || !context.SpendBytes(bytes.size(), name)) return;
  const auto source = MakeMemorySource(bytes);
  context.Nested(name, *source);
}

void ExtractRtf(const std::string& name, std::string_view packed, Context& context) {
  const absl::StatusOr<UnpackedRtf> rtf = UnpackRtf(packed, context.limits.memory_object_bytes_max);
  if (!rtf.ok()) return ReportFailure(context, name, rtf.status(), false);
  Nest(name, rtf->text, context);
  if (!rtf->complete) {
    context.sink.Unscanned(context.PartName(name), v1::UNSCANNED_REASON_PARTIAL,
                           "packed RTF is cut off");
  }
}

void ExtractBinary(std::string_view owner, const MapiProperty& property, const std::string& name,
                   Context& context) {
  if (property.bytes.empty()) return;
  if (property.id == kBodyRtf)
    return ExtractRtf(OwnedBy(owner, "body.rtf"), property.bytes, context);
  if (property.id == kBodyHtml) return Nest(OwnedBy(owner, "body.html"), property.bytes, context);
  if (property.id == kAttachData) {
    const bool object = property.type == MapiProperty::kObject;
    const size_t before = object ? std::min(kInterfaceBytes, property.bytes.size()) : 0;
    const std::string part = OwnedBy(owner, name.empty() ? "attachment" : name);
    return Nest(part, property.bytes.substr(before), context);
  }
  if (property.bytes.size() < kOpaqueBytesMin) return;
  context.sink.Unscanned(context.PartName(owner), v1::UNSCANNED_REASON_UNSUPPORTED,
                         fmt::format("binary property {:04x}", property.id));
}

}  // namespace

std::string OwnedBy(std::string_view owner, std::string_view part) {
  if (owner.empty() || part.empty()) return std::string(owner.empty() ? part : owner);
  return fmt::format("{}/{}", owner, part);
}

std::string AttachmentName(const std::vector<MapiProperty>& properties) {
  for (const uint16_t id : {0x3707, 0x3704, 0x3001}) {
    for (const MapiProperty& one : properties) {
      bool damaged = false;
      if (one.id != id || !IsText(one)) continue;
      if (std::string name = TextOf(one, &damaged); !name.empty()) return name;
    }
  }
  return "";
}

void ExtractItem(std::string_view owner, std::string_view texts,
                 const std::vector<MapiProperty>& properties, Context& context) {
  std::string lines;
  bool damaged = false;
  for (const MapiProperty& one : properties) {
    if (!IsText(one) || one.id == kBody) continue;
    if (const std::string text = TextOf(one, &damaged); !text.empty()) {
      lines += fmt::format("{}: {}\n", LabelOf(one.id), text);
    }
  }
  EmitPart(context, OwnedBy(owner, texts), v1::PART_KIND_PROPERTY, lines);
  const std::string name = AttachmentName(properties);
  for (const MapiProperty& one : properties) {
    if (!context.InTime(owner)) return;
    if (!IsText(one)) {
      ExtractBinary(owner, one, name, context);
    } else if (one.id == kBody) {
      Nest(OwnedBy(owner, "body"), TextOf(one, &damaged), context);
    }
  }
  if (damaged) {
    context.sink.Unscanned(context.PartName(owner), v1::UNSCANNED_REASON_CORRUPT,
                           "text that is not UTF-16");
  }
}

}  // namespace shoumi::inspect
