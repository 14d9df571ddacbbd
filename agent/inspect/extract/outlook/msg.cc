#include "agent/inspect/extract/outlook/msg.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "agent/inspect/extract/ole2/compound_file.h"
#include "agent/inspect/extract/ole2/ole2.h"
#include "agent/inspect/extract/outlook/item.h"
#include "agent/inspect/extract/report.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

// [MS-OXMSG] 2.1.3, 2.2, 2.3 and 2.4.
constexpr std::string_view kPropertyStream = "__substg1.0_";
constexpr std::string_view kFixedProperties = "__properties_version1.0";
constexpr std::string_view kAttachment = "__attach_version1.0_";
constexpr std::string_view kRecipient = "__recip_version1.0_";
constexpr std::string_view kNames = "__nameid_version1.0";
constexpr std::string_view kEmbedded = "__substg1.0_3701000D";
constexpr uint16_t kSeveralValues = 0x1000;
constexpr uint32_t kMessageDepthMax = 16;

// "__substg1.0_0037001F", with "-00000000" behind it for one of several values.
std::optional<MapiProperty> PropertyOf(std::string_view stream) {
  constexpr size_t kDigits = 8;
  if (!stream.starts_with(kPropertyStream)) return std::nullopt;
  stream.remove_prefix(kPropertyStream.size());
  uint32_t tag = 0;
  const std::string_view digits = stream.substr(0, kDigits);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), tag, 16);
  if (digits.size() != kDigits || error != std::errc() || end != digits.data() + kDigits) {
    return std::nullopt;
  }
  MapiProperty property;
  property.id = static_cast<uint16_t>(tag >> 16U);
  property.type = static_cast<uint16_t>(tag);
  // Of several values the stream without a number holds their lengths only.
  if (stream.size() > kDigits) property.type &= static_cast<uint16_t>(~kSeveralValues);
  return property;
}

class MsgReader {
 public:
  MsgReader(CompoundFile& file, Context& context)
      : file_(file), context_(context), children_(file.streams().size()), seen_(children_.size()) {
    const auto& streams = file.streams();
    for (size_t i = 0; i < streams.size(); ++i) {
      // What no storage lists belongs to the message.
      const size_t parent = streams[i].parent;
      if (parent < children_.size()) {
        children_[parent].push_back(i);
      } else {
        top_.push_back(i);
      }
    }
    if (!streams.empty()) {
      top_.insert(top_.end(), children_[0].begin(), children_[0].end());
      children_[0].clear();
    }
  }

  void Read() {
    ReadMessage(top_, "", 0);
    ReadOleObjects(file_, context_);
    for (size_t i = 1; i < seen_.size(); ++i) {
      const CompoundFile::Stream& one = file_.streams()[i];
      if (seen_[i] || one.storage || one.bytes == 0 || IsOleBookkeeping(one.name)) continue;
      return Gap("", v1::UNSCANNED_REASON_UNSUPPORTED, "a stream that is none of the message");
    }
  }

 private:
  using Streams = std::vector<size_t>;

  void ReadMessage(const Streams& streams, const std::string& owner, uint32_t depth) {
    if (!context_.SpendEntry(owner) || !context_.InTime(owner)) return;
    if (depth > kMessageDepthMax) {
      return Gap(owner, v1::UNSCANNED_REASON_TOO_DEEP,
                 fmt::format("message_depth_max {}", kMessageDepthMax));
    }
    ReadItem(streams, owner, "properties");
    uint32_t recipients = 0;
    uint32_t attachments = 0;
    for (const size_t i : streams) {
      const CompoundFile::Stream& one = file_.streams()[i];
      if (!one.storage) continue;
      if (one.name.starts_with(kRecipient)) {
        ReadItem(children_[i], owner, fmt::format("recipient {}/properties", ++recipients));
      } else if (one.name.starts_with(kAttachment)) {
        ReadAttachment(children_[i], owner, ++attachments, depth);
      } else if (one.name == kNames) {
        ReadItem(children_[i], owner, "names/properties");
      }
    }
  }

  void ReadAttachment(const Streams& streams, const std::string& owner, uint32_t number,
                      uint32_t depth) {
    if (!context_.SpendEntry(owner)) return;
    std::string name = ReadItem(streams, owner, fmt::format("attachment {}/properties", number));
    if (name.empty()) name = fmt::format("attachment {}", number);
    for (const size_t i : streams) {
      const CompoundFile::Stream& one = file_.streams()[i];
      if (!one.storage || one.name != kEmbedded) continue;
      const Streams& inner = children_[i];
      const bool message = std::any_of(inner.begin(), inner.end(), [&](size_t at) {
        return file_.streams()[at].name == kFixedProperties;
      });
      if (message) ReadMessage(inner, OwnedBy(owner, name), depth + 1);
    }
  }

  // The name of the attachment that it is.
  std::string ReadItem(const Streams& streams, const std::string& owner, const std::string& texts) {
    std::vector<std::string> values;
    std::vector<MapiProperty> properties;
    uint64_t held = 0;
    for (const size_t i : streams) {
      const CompoundFile::Stream& one = file_.streams()[i];
      if (one.storage || !context_.InTime(owner)) continue;
      if (one.name == kFixedProperties) seen_[i] = true;  // numbers, dates and sizes
      const std::optional<MapiProperty> property = PropertyOf(one.name);
      if (!property) continue;
      seen_[i] = true;
      const uint64_t bound = context_.limits.memory_object_bytes_max;
      absl::StatusOr<std::string> value = file_.Read(one, 0, bound - held + 1);
      if (!value.ok()) {
        ReportFailure(context_, owner, value.status(), false);
        continue;
      }
      held += value->size();
      if (held > bound) {
        Gap(owner, v1::UNSCANNED_REASON_OVERSIZE, fmt::format("memory_object_bytes_max {}", bound));
        held -= value->size();
        continue;
      }
      if (value->size() < one.bytes) {
        Gap(owner, v1::UNSCANNED_REASON_PARTIAL, "a property is cut off");
      }
      properties.push_back(*property);
      values.push_back(*std::move(value));
    }
    for (size_t i = 0; i < values.size(); ++i) properties[i].bytes = values[i];
    ExtractItem(owner, texts, properties, context_);
    return AttachmentName(properties);
  }

  void Gap(std::string_view part, v1::UnscannedReason reason, std::string_view detail) {
    context_.sink.Unscanned(context_.PartName(part), reason, detail);
  }

  CompoundFile& file_;
  Context& context_;
  std::vector<Streams> children_;  // of each storage
  std::vector<bool> seen_;
  Streams top_;
};

bool Detect(std::string_view head, Source& source) {
  if (!CompoundFile::LooksLikeOne(head)) return false;
  const auto file = CompoundFile::Open(source, Limits().memory_object_bytes_max);
  return file.ok() && (*file)->Find(kFixedProperties) != nullptr;
}

void Extract(Source& source, Context& context) {
  const auto file = CompoundFile::Open(source, context.limits.memory_object_bytes_max);
  if (!file.ok()) return ReportFailure(context, "", file.status(), false);
  if (context.depth == 0) context.bytes_read = source.size();
  MsgReader(**file, context).Read();
  if (!(*file)->complete()) {
    context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_CORRUPT,
                           "damaged compound file");
  }
}

}  // namespace

const Format kMsgFormat = {"msg", "application/vnd.ms-outlook", Detect, Extract};

}  // namespace shoumi::inspect
