#include "agent/inspect/extract/outlook/tnef.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "agent/inspect/extract/ole2/bytes.h"
#include "agent/inspect/extract/outlook/item.h"
#include "agent/inspect/extract/read_whole.h"
#include "agent/inspect/extract/report.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// [MS-OXTNEF] 2.1.3.2 and 2.1.3.3.
constexpr std::string_view kSignature = "\x78\x9f\x3e\x22";
constexpr size_t kHeaderBytes = 6;     // signature and key
constexpr size_t kAttributeBytes = 9;  // level, identifier, length
constexpr size_t kChecksumBytes = 2;
constexpr uint32_t kMsgProps = 0x00069003;
constexpr uint32_t kRecipTable = 0x00069004;
constexpr uint32_t kAttachment = 0x00069005;
constexpr uint32_t kAttachRendData = 0x00069002;  // begins an attachment
constexpr uint32_t kAttachData = 0x0006800F;
constexpr uint32_t kAttachTitle = 0x00018010;
constexpr uint32_t kAttachMetaFile = 0x00068011;
constexpr uint32_t kAttachTransportName = 0x00069001;
constexpr uint32_t kBody = 0x0002800C;
constexpr uint32_t kSubject = 0x00018004;
constexpr uint32_t kTypeTriples = 0x0000;
constexpr uint32_t kTypeString = 0x0001;
constexpr uint32_t kTypeText = 0x0002;
constexpr size_t kTripleHeaderBytes = 8;

// [MS-OXCDATA] 2.11.1.
constexpr uint16_t kSeveralValues = 0x1000;
constexpr uint16_t kNamedFrom = 0x8000;

// Bytes of a value of fixed size, padding included; nothing when it says its own size.
std::optional<size_t> FixedBytes(uint16_t type) {
  switch (type) {
    case 0x0001:  // none
      return 0;
    case 0x0002:
    case 0x0003:
    case 0x0004:
    case 0x000A:
    case 0x000B:
      return 4;
    case 0x0005:
    case 0x0006:
    case 0x0007:
    case 0x0014:
    case 0x0040:
      return 8;
    case 0x0048:
      return 16;
    default:
      return std::nullopt;
  }
}

bool HasOwnSize(uint16_t type) {
  return type == MapiProperty::kString8 || type == MapiProperty::kUnicode ||
         type == MapiProperty::kObject || type == MapiProperty::kBinary;
}

size_t Padded(size_t bytes) {
  return (bytes + 3) / 4 * 4;
}

// A list of properties; `ok` turns false at damage, what came before stays.
class PropertyList {
 public:
  PropertyList(std::string_view bytes, std::vector<MapiProperty>& out) : bytes_(bytes), out_(out) {}

  void Take() {
    for (uint32_t left = Word(); left > 0 && ok_; --left) TakeOne();
  }
  uint32_t Word() {
    const uint32_t value = LittleAt(bytes_, 0, 4);
    Drop(4);
    return value;
  }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  void Drop(size_t count) {
    if (count > bytes_.size()) ok_ = false;
    bytes_.remove_prefix(std::min(count, bytes_.size()));
  }
  void TakeOne() {
    auto type = static_cast<uint16_t>(LittleAt(bytes_, 0, 2));
    const auto id = static_cast<uint16_t>(LittleAt(bytes_, 2, 2));
    Drop(4);
    if (id >= kNamedFrom) TakeName();
    const bool several = (type & kSeveralValues) != 0;
    type = static_cast<uint16_t>(type & ~kSeveralValues);
    const std::optional<size_t> fixed = FixedBytes(type);
    if (!fixed && !HasOwnSize(type)) ok_ = false;
    uint32_t values = several || !fixed ? Word() : 1;
    if (fixed == size_t{0}) return;
    for (; values > 0 && ok_; --values) {
      if (fixed) {
        Drop(*fixed);
      } else {
        TakeValue(id, type);
      }
    }
  }
  // A name is text that people may write as they like.
  void TakeName() {
    constexpr size_t kGuidBytes = 16;
    Drop(kGuidBytes);
    const bool by_number = Word() == 0;
    const uint32_t word = Word();
    if (by_number || !ok_) return;
    out_.push_back({0, MapiProperty::kUnicode, bytes_.substr(0, word)});
    Drop(Padded(word));
  }
  void TakeValue(uint16_t id, uint16_t type) {
    const uint32_t size = Word();
    if (out_.size() > kMapiPropertiesMax) ok_ = false;
    if (!ok_) return;
    out_.push_back({id, type, bytes_.substr(0, size)});
    // The last of a list need not be padded.
    if (size > bytes_.size()) ok_ = false;
    Drop(std::min(Padded(size), bytes_.size()));
  }

  std::string_view bytes_;
  std::vector<MapiProperty>& out_;
  bool ok_ = true;
};

class TnefReader {
 public:
  explicit TnefReader(Context& context) : context_(context) {}

  void Read(std::string_view bytes) {
    bytes.remove_prefix(std::min(kHeaderBytes, bytes.size()));
    while (!bytes.empty() && context_.InTime("")) {
      const uint32_t id = LittleAt(bytes, 1, 4);
      const size_t size = LittleAt(bytes, 5, 4);
      const auto level = static_cast<uint8_t>(bytes[0]);
      if (bytes.size() < kAttributeBytes || level < 1 || level > 2) {
        damaged_ = true;
        break;
      }
      bytes.remove_prefix(kAttributeBytes);
      TakeAttribute(id, bytes.substr(0, size));
      if (size + kChecksumBytes > bytes.size()) damaged_ = true;
      bytes.remove_prefix(std::min(size + kChecksumBytes, bytes.size()));
    }
    EndItem();
    if (damaged_) {
      context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                              "damaged message");
    }
  }

 private:
  void TakeAttribute(uint32_t id, std::string_view value) {
    if (id == kAttachRendData) {
      EndItem();
      ++attachments_;
    } else if (id == kMsgProps || id == kAttachment) {
      PropertyList list(value, item_);
      list.Take();
      if (!list.ok()) damaged_ = true;
    } else if (id == kRecipTable) {
      TakeRecipients(value);
    } else if (id == kAttachData || id == kAttachMetaFile) {
      Add(0x3701, MapiProperty::kBinary, value);
    } else if (id == kAttachTitle || id == kAttachTransportName) {
      Add(0x3704, MapiProperty::kString8, value);
    } else if (id == kBody) {
      Add(0x1000, MapiProperty::kString8, value);
    } else if (id == kSubject) {
      Add(0x0037, MapiProperty::kString8, value);
    } else if (id >> 16 == kTypeString || id >> 16 == kTypeText) {
      Add(static_cast<uint16_t>(id), MapiProperty::kString8, value);
    } else if (id >> 16 == kTypeTriples) {
      Add(static_cast<uint16_t>(id), MapiProperty::kString8,
          value.substr(std::min(kTripleHeaderBytes, value.size())));
    } else {
      Add(static_cast<uint16_t>(id), MapiProperty::kBinary, value);
    }
  }

  void TakeRecipients(std::string_view value) {
    PropertyList list(value, item_);
    for (uint32_t rows = list.Word(); rows > 0 && list.ok(); --rows) list.Take();
    if (!list.ok()) damaged_ = true;
  }

  void Add(uint16_t id, uint16_t type, std::string_view bytes) {
    if (item_.size() <= kMapiPropertiesMax) item_.push_back({id, type, bytes});
  }

  void EndItem() {
    if (item_.size() > kMapiPropertiesMax) {
      context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_TOO_MANY,
                              fmt::format("mapi_properties_max {}", kMapiPropertiesMax));
    }
    const std::string texts =
        attachments_ == 0 ? "properties" : fmt::format("attachment {}/properties", attachments_);
    if (!item_.empty()) ExtractItem("", texts, item_, context_);
    item_.clear();
  }

  Context& context_;
  std::vector<MapiProperty> item_;  // the message, then one attachment after the other
  uint32_t attachments_ = 0;
  bool damaged_ = false;
};

bool Detect(std::string_view head, Source&) {
  return head.starts_with(kSignature);
}

void Extract(Source& source, Context& context) {
  const absl::StatusOr<std::string> bytes = ReadWhole(source, context);
  if (!bytes.ok()) return ReportFailure(context, "", bytes.status(), false);
  if (context.depth == 0) context.bytes_read = bytes->size();
  TnefReader(context).Read(*bytes);
}

}  // namespace

const Format kTnefFormat = {"tnef", "application/ms-tnef", Detect, Extract};

}  // namespace shoumi::inspect
