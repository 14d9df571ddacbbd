#include "rules/policy/read.h"

namespace shoumi::rules {
namespace {

v1::ChannelMode ReadMode(const YamlMap& map) {
  const auto mode = map.Require("mode");
  if (!mode) return v1::CHANNEL_MODE_OFF;  // has its own problem
  return mode->OneOf<v1::ChannelMode>(kChannelModes).value_or(v1::CHANNEL_MODE_OFF);
}

uint32_t ReadBound(const YamlMap& map, std::string_view key, uint32_t otherwise) {
  const auto bound = map.Get(key);
  return bound ? static_cast<uint32_t>(bound->Number(UINT32_MAX).value_or(otherwise)) : otherwise;
}

}  // namespace

void ReadAttachments(const YamlValue& value, v1::AttachmentPolicy& attachments) {
  const YamlMap map(value, {"mode", "classes", "verdict_ms_max"});
  if (!map.ok()) return;
  attachments.set_mode(ReadMode(map));
  if (const auto classes = map.Require("classes")) {
    classes->Items(kPolicyListItemsMax, [&](const YamlValue& item) {
      if (const auto name = item.Text()) attachments.add_classes(*name);
    });
  }
  attachments.set_verdict_ms_max(ReadBound(map, "verdict_ms_max", kVerdictMsDefault));
}

void ReadClipboard(const YamlValue& value, v1::ClipboardPolicy& clipboard) {
  const YamlMap map(value, {"mode", "verdict_ms_max", "warn_s", "unknown_programs"});
  if (!map.ok()) return;
  clipboard.set_mode(ReadMode(map));
  clipboard.set_verdict_ms_max(ReadBound(map, "verdict_ms_max", kVerdictMsDefault));
  clipboard.set_warn_s(ReadBound(map, "warn_s", kWarnSecondsDefault));
  if (const auto unknown = map.Get("unknown_programs")) {
    clipboard.set_unknown_is_none(unknown->OneOf<bool>(kUnknownPrograms).value_or(false));
  }
}

}  // namespace shoumi::rules
