#include <algorithm>
#include <string>
#include <string_view>

#include "agent/inspect/extract/ole2/bytes.h"
#include "agent/inspect/extract/ole2/office.h"
#include "agent/inspect/extract/text/names.h"
#include "agent/inspect/extract/text_writer.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kHeaderBytes = 28;
constexpr size_t kSetsMax = 2;
constexpr uint32_t kPropertiesMax = 1000;
// [MS-OLEPS] 2.15
constexpr uint32_t kNarrow = 0x1E;
constexpr uint32_t kWide = 0x1F;
constexpr uint32_t kVector = 0x1000;
constexpr uint32_t kVariant = 0x0C;
constexpr uint32_t kCodePage = 1;
constexpr uint32_t kUtf16Page = 1200;

class SetReader {
 public:
  explicit SetReader(std::string_view set) : set_(set) {}

  std::string Text();

 private:
  // Appends the value at `at`, and tells where the next one of a vector is.
  size_t Value(size_t at, uint32_t type, std::string& out) const;

  const std::string_view set_;
  uint32_t code_page_ = 1252;
};

size_t SetReader::Value(size_t at, uint32_t type, std::string& out) const {
  if (type != kNarrow && type != kWide) return at + 4;
  const size_t width = type == kWide ? 2 : 1;
  const std::string_view bytes = SliceAt(set_, at + 4, LittleAt(set_, at, 4) * width);
  std::string text = width == 2 || code_page_ == kUtf16Page ? FromWide(bytes) : DecodeName(bytes);
  text.resize(std::min(text.find('\0'), text.size()));
  if (!text.empty()) out += text + '\n';
  return at + 4 + (bytes.size() + 3) / 4 * 4;
}

std::string SetReader::Text() {
  std::string out;
  const uint32_t count = std::min(LittleAt(set_, 4, 4), kPropertiesMax);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t at = LittleAt(set_, 12 + size_t{i} * 8, 4);
    if (LittleAt(set_, 8 + size_t{i} * 8, 4) == kCodePage) code_page_ = LittleAt(set_, at + 4, 2);
  }
  for (uint32_t i = 0; i < count; ++i) {
    const size_t at = LittleAt(set_, 12 + size_t{i} * 8, 4);
    const uint32_t type = LittleAt(set_, at, 4);
    if ((type & kVector) == 0) {
      Value(at + 4, type, out);
      continue;
    }
    const uint32_t items = std::min(LittleAt(set_, at + 4, 4), kPropertiesMax);
    size_t next = at + 8;
    for (uint32_t k = 0; k < items && next < set_.size(); ++k) {
      uint32_t item = type & ~kVector;
      if (item == kVariant) {
        item = LittleAt(set_, next, 4);
        next += 4;
      }
      next = Value(next, item, out);
    }
  }
  return out;
}

}  // namespace

absl::Status ReadPropertySet(CompoundFile& file, const CompoundFile::Stream& stream,
                             Context& context) {
  const absl::StatusOr<std::string> bytes = ReadStream(file, stream, context);
  if (!bytes.ok()) return bytes.status();
  if (LittleAt(*bytes, 0, 2) != 0xFFFE) return absl::DataLossError("damaged properties");
  const size_t sets = std::min<size_t>(LittleAt(*bytes, 24, 4), kSetsMax);
  std::string text;
  for (size_t i = 0; i < sets; ++i) {
    // A format's identifier, 16 bytes, then where its set is.
    const uint32_t at = LittleAt(*bytes, kHeaderBytes + i * 20 + 16, 4);
    text += SetReader(SliceAt(*bytes, at, bytes->size())).Text();
  }
  EmitPart(context, "properties", v1::PART_KIND_PROPERTY, text);
  return absl::OkStatus();
}

}  // namespace shoumi::inspect
