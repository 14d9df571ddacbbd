#include <algorithm>
#include <string>
#include <string_view>

#include "agent/inspect/extract/ole2/bytes.h"
#include "agent/inspect/extract/ole2/office.h"
#include "agent/inspect/extract/text/names.h"
#include "agent/inspect/extract/text_writer.h"
#include "fmt/format.h"

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
  // Whether there are more than are looked at.
  [[nodiscard]] bool cut() const { return cut_; }
  [[nodiscard]] bool overlaps() const { return read_ > set_.size(); }

 private:
  // Appends the value at `at`, and tells where the next one of a vector is.
  size_t Value(size_t at, uint32_t type, std::string& out);

  // At most kPropertiesMax of what it says there are.
  uint32_t Count(size_t at) {
    const uint32_t count = LittleAt(set_, at, 4);
    cut_ |= count > kPropertiesMax;
    return std::min(count, kPropertiesMax);
  }

  const std::string_view set_;
  bool cut_ = false;
  size_t read_ = 0;  // of all values; more than the set has when they name the same bytes
  uint32_t code_page_ = 1252;
};

size_t SetReader::Value(size_t at, uint32_t type, std::string& out) {
  if (type != kNarrow && type != kWide) return at + 4;
  const size_t width = type == kWide ? 2 : 1;
  const std::string_view bytes = SliceAt(set_, at + 4, LittleAt(set_, at, 4) * width);
  read_ += bytes.size();
  if (overlaps()) return set_.size();
  std::string text = width == 2 || code_page_ == kUtf16Page ? FromWide(bytes) : DecodeName(bytes);
  text.resize(std::min(text.find('\0'), text.size()));
  if (!text.empty()) out += text + '\n';
  return at + 4 + (bytes.size() + 3) / 4 * 4;
}

std::string SetReader::Text() {
  std::string out;
  const uint32_t count = Count(4);
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
    const uint32_t items = Count(at + 4);
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
  bool cut = false;
  bool overlaps = false;
  for (size_t i = 0; i < sets; ++i) {
    // A format's identifier, 16 bytes, then where its set is.
    const uint32_t at = LittleAt(*bytes, kHeaderBytes + i * 20 + 16, 4);
    SetReader set(SliceAt(*bytes, at, bytes->size()));
    text += set.Text();
    cut |= set.cut();
    overlaps |= set.overlaps();
  }
  EmitPart(context, "properties", v1::PART_KIND_PROPERTY, text);
  if (overlaps) return absl::DataLossError("properties that overlap");
  return cut ? absl::OutOfRangeError(fmt::format("properties_max {}", kPropertiesMax))
             : absl::OkStatus();
}

}  // namespace shoumi::inspect
