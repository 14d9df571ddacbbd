#include "agent/main/config.h"

#include <exception>

#include "rules/policy/names.h"
#include "rules/policy/yaml_map.h"

namespace shoumi::agent {
namespace {

using rules::NamedValue;
using rules::YamlMap;
using rules::YamlValue;

constexpr size_t kConfigBytesMax = 1 << 20;
constexpr size_t kExtraDevicesMax = 64;
constexpr NamedValue<bool> kBooleans[] = {{true, "true"}, {false, "false"}};
constexpr NamedValue<int> kLogLevels[] = {{0, "trace"}, {1, "debug"}, {2, "info"},
                                          {3, "warn"},  {4, "error"}, {5, "off"}};

void Take(const YamlMap& map, std::string_view key, std::string& target) {
  if (const auto value = map.Get(key)) target = value->Text().value_or(target);
}
void Take(const YamlMap& map, std::string_view key, bool& target) {
  if (const auto value = map.Get(key)) target = value->OneOf<bool>(kBooleans).value_or(target);
}
void Take(const YamlMap& map, std::string_view key, uint32_t& target) {
  const auto value = map.Get(key);
  if (!value) return;
  const auto number = value->Number(UINT32_MAX);
  if (number && *number == 0) value->problems->Error("Y107", value->path, "must not be 0");
  if (number) target = static_cast<uint32_t>(*number);
}
// For what 0 switches off.
void TakeOrNone(const YamlMap& map, std::string_view key, uint32_t& target) {
  const auto value = map.Get(key);
  const auto number = value ? value->Number(UINT32_MAX) : std::nullopt;
  if (number) target = static_cast<uint32_t>(*number);
}
void TakeBytes(const YamlMap& map, std::string_view key, uint64_t& target) {
  if (const auto value = map.Get(key)) target = value->Bytes().value_or(target);
}
void TakePath(const YamlMap& map, std::string_view key, std::string& target) {
  const auto value = map.Get(key);
  if (!value) return;
  const auto text = value->Text();
  if (text && !text->starts_with('/')) {
    value->problems->Error("Y104", value->path, "needs an absolute path");
  }
  target = text.value_or(target);
}

void ReadLog(const YamlValue& value, AgentConfig& config) {
  const YamlMap map(value, {"level", "json"});
  if (const auto level = map.Get("level"); level && level->OneOf<int>(kLogLevels)) {
    config.log_level = level->Text().value_or(config.log_level);
  }
  Take(map, "json", config.log_json);
}

void ReadInspect(const YamlValue& value, AgentConfig& config) {
  const YamlMap map(
      value, {"program", "user", "workers_max", "queue_max", "start_ms_max", "cache_entries_max",
              "content_bytes_max", "expanded_bytes_max", "archive_depth_max", "archive_entries_max",
              "matches_per_finding_max", "worker_memory_bytes_max"});
  TakePath(map, "program", config.inspect_program);
  Take(map, "user", config.inspect_user);
  Take(map, "workers_max", config.inspect_workers_max);
  Take(map, "queue_max", config.inspect_queue_max);
  Take(map, "start_ms_max", config.inspect_start_ms_max);
  TakeOrNone(map, "cache_entries_max", config.inspect_cache_entries_max);
  v1::InspectLimits& limits = config.inspect_limits;
  uint64_t bytes = 0;
  TakeBytes(map, "content_bytes_max", bytes);
  limits.set_content_bytes_max(bytes);
  bytes = 0;
  TakeBytes(map, "expanded_bytes_max", bytes);
  limits.set_expanded_bytes_max(bytes);
  bytes = 0;
  TakeBytes(map, "worker_memory_bytes_max", bytes);
  limits.set_worker_memory_bytes_max(bytes);
  uint32_t number = 0;
  Take(map, "archive_depth_max", number);
  limits.set_archive_depth_max(number);
  number = 0;
  Take(map, "archive_entries_max", number);
  limits.set_archive_entries_max(number);
  number = 0;
  Take(map, "matches_per_finding_max", number);
  limits.set_matches_per_finding_max(number);
}

void ReadUsb(const YamlValue& value, AgentConfig& config) {
  const YamlMap map(value, {"enabled", "extra_devices", "staging_dir",
                            "stage_memory_bytes_per_file_max", "stage_memory_bytes_max"});
  Take(map, "enabled", config.usb_enabled);
  TakePath(map, "staging_dir", config.usb_staging_dir);
  TakeBytes(map, "stage_memory_bytes_per_file_max", config.usb_stage_memory_bytes_per_file_max);
  TakeBytes(map, "stage_memory_bytes_max", config.usb_stage_memory_bytes_max);
  const auto devices = map.Get("extra_devices");
  // "extra_devices:" with nothing below it names none.
  if (!devices || devices->node.IsNull()) return;
  devices->Items(kExtraDevicesMax, [&](const YamlValue& item) {
    ExtraDevice& device = config.usb_extra_devices.emplace_back();
    const YamlMap entry(item, {"node", "backing_file", "vendor_id", "product_id", "serial"});
    if (const auto node = entry.Require("node")) device.node = node->Text().value_or("");
    Take(entry, "backing_file", device.backing_file);
    Take(entry, "vendor_id", device.vendor_id);
    Take(entry, "product_id", device.product_id);
    Take(entry, "serial", device.serial);
  });
}

void ReadAttachments(const YamlValue& value, AgentConfig& config) {
  const YamlMap map(value, {"enabled", "only_below"});
  Take(map, "enabled", config.attachments_enabled);
  const auto places = map.Get("only_below");
  if (!places || places->node.IsNull()) return;
  places->Items(kExtraDevicesMax, [&](const YamlValue& item) {
    const auto place = item.Text();
    if (!place) return;
    if (!place->starts_with('/')) item.problems->Error("Y108", item.path, "not an absolute path");
    config.attachments_only_below.push_back(*place);
  });
}

void ReadClipboard(const YamlValue& value, AgentConfig& config) {
  const YamlMap map(value, {"enabled", "program"});
  Take(map, "enabled", config.clipboard_enabled);
  TakePath(map, "program", config.clipboard_program);
}

void ReadReplay(const YamlValue& value, AgentConfig& config) {
  const YamlMap map(value, {"enabled", "folder"});
  Take(map, "enabled", config.replay_enabled);
  TakePath(map, "folder", config.replay_folder);
  if (config.replay_enabled && config.replay_folder.empty()) {
    value.problems->Error("Y103", value.path + ".folder", "missing");
  }
}

void ReadConfig(const YamlValue& root, AgentConfig& config) {
  // An empty file is the default configuration.
  if (root.node.IsNull()) return;
  const YamlMap map(
      root, {"state_dir", "run_dir", "log", "before_policy", "inspect", "channels", "events_max"});
  TakePath(map, "state_dir", config.state_dir);
  TakePath(map, "run_dir", config.run_dir);
  Take(map, "events_max", config.events_max);
  if (const auto log = map.Get("log")) ReadLog(*log, config);
  if (const auto mode = map.Get("before_policy")) {
    config.before_policy =
        mode->OneOf<v1::UsbMode>(rules::kUsbModes).value_or(config.before_policy);
  }
  if (const auto inspect = map.Get("inspect")) ReadInspect(*inspect, config);
  const auto channels = map.Get("channels");
  if (!channels) return;
  const YamlMap ways(*channels, {"usb", "attachments", "clipboard", "replay"});
  if (const auto usb = ways.Get("usb")) ReadUsb(*usb, config);
  if (const auto clipboard = ways.Get("clipboard")) ReadClipboard(*clipboard, config);
  if (const auto attachments = ways.Get("attachments")) ReadAttachments(*attachments, config);
  if (const auto replay = ways.Get("replay")) ReadReplay(*replay, config);
}

}  // namespace

ConfigResult LoadConfig(std::string_view file, std::string_view yaml) {
  ConfigResult result;
  rules::Problems problems(file);
  if (yaml.size() > kConfigBytesMax) {
    problems.ErrorAt("Y101", 1, fmt::format("larger than {} bytes", kConfigBytesMax));
  } else {
    try {
      ReadConfig(YamlValue{YAML::Load(std::string(yaml)), "", &problems}, result.config);
    } catch (const YAML::Exception& error) {
      problems.ErrorAt("Y100", static_cast<uint32_t>(error.mark.line + 1),
                       fmt::format("not YAML: {}", YamlValue::Shown(error.msg)));
    } catch (const std::exception& error) {
      problems.ErrorAt("Y100", 1, fmt::format("not YAML: {}", YamlValue::Shown(error.what())));
    }
  }
  result.ok = !problems.HasErrors();
  result.problems = problems.Take();
  return result;
}

}  // namespace shoumi::agent
