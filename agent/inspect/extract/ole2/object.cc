#include "agent/inspect/extract/ole2/object.h"

#include <algorithm>
#include <array>
#include <string>

#include "agent/inspect/extract/ole2/bytes.h"
#include "agent/inspect/extract/text/names.h"
#include "agent/inspect/extract/text_writer.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr uint32_t kLinked = 1;  // [MS-OLEDS] 2.2.4
constexpr uint32_t kEmbedded = 2;

std::string_view ZeroTerminated(std::string_view bytes, size_t& at) {
  const size_t end = std::min(bytes.find('\0', at), bytes.size());
  const std::string_view text = bytes.substr(std::min(at, bytes.size()), end - std::min(at, end));
  at = end + 1;
  return text;
}

}  // namespace

void ReadOlePackage(std::string_view bytes, Context& context) {
  size_t at = 2;
  const std::string label = DecodeName(ZeroTerminated(bytes, at));
  ZeroTerminated(bytes, at);
  at += 4;
  const uint32_t path_bytes = LittleAt(bytes, at, 4);
  at += 4 + size_t{path_bytes};
  const uint32_t size = LittleAt(bytes, at, 4);
  at += 4;
  if (at >= bytes.size()) {
    context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_CORRUPT,
                           "damaged object package");
    return;
  }
  const auto content = MakeMemorySource(bytes.substr(at, size));
  context.Nested(label.empty() ? "object" : label, *content);
  if (bytes.size() - at < size) {
    context.sink.Unscanned(context.PartName(label), v1::UNSCANNED_REASON_PARTIAL,
                           "object package is cut off");
  }
}

void ReadOleObjectData(std::string_view name, std::string_view bytes, Context& context) {
  const uint32_t format = LittleAt(bytes, 4, 4);
  size_t at = 8;
  std::array<std::string_view, 3> names;  // class, topic, item
  for (std::string_view& one : names) {
    const uint32_t size = LittleAt(bytes, at, 4);
    one = SliceAt(bytes, at + 4, size);
    at += 4 + size_t{size};
  }
  std::string said;
  for (const std::string_view one : names) {
    if (const std::string text = DecodeName(one.substr(0, one.find('\0'))); !text.empty()) {
      said += text + "\n";
    }
  }
  const std::string_view data = SliceAt(bytes, at + 4, LittleAt(bytes, at, 4));
  if (format == kLinked && at <= bytes.size()) {
    return EmitPart(context, name, v1::PART_KIND_PROPERTY, said);
  }
  if (format != kEmbedded || data.empty()) {  // something else: told from its bytes, as ever
    const auto content = MakeMemorySource(bytes);
    return context.Nested(name, *content);
  }
  EmitPart(context, name, v1::PART_KIND_PROPERTY, said);
  if (names.front().starts_with("Package")) return ReadOlePackage(data, context);
  const auto content = MakeMemorySource(data);
  context.Nested(name, *content);
}

}  // namespace shoumi::inspect
