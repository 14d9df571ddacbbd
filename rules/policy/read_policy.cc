#include <exception>
#include <vector>

#include "rules/policy/check.h"
#include "rules/policy/read.h"

namespace shoumi::rules {

void ReadRule(const YamlValue& value, v1::Rule& rule) {
  const YamlMap map(value, {"id", "title", "when", "conditions", "action", "severity"});
  if (!map.ok()) return;
  if (const auto id = map.Require("id")) rule.set_id(id->Text().value_or(""));
  if (const auto title = map.Require("title")) {
    const YamlMap titles(*title, {"zh", "en"});
    if (const auto zh = titles.Get("zh")) rule.set_title_zh(zh->Text().value_or(""));
    if (const auto en = titles.Get("en")) rule.set_title_en(en->Text().value_or(""));
  }
  if (const auto when = map.Require("when")) ReadWhen(*when, rule);
  if (const auto conditions = map.Get("conditions")) {
    ReadConditions(*conditions, *rule.mutable_conditions());
  }
  if (const auto action = map.Require("action")) {
    if (const auto known = action->OneOf<v1::Action>(kActions)) rule.set_action(*known);
  }
  if (const auto severity = map.Require("severity")) {
    if (const auto known = severity->OneOf<v1::Severity>(kSeverities)) rule.set_severity(*known);
  }
}

namespace {

struct Fallback {
  std::optional<v1::Action> action;
  v1::Severity severity = v1::SEVERITY_MEDIUM;
};

// "block" or {action: block, severity: high}.
Fallback ReadFallback(const YamlValue& value) {
  Fallback fallback;
  if (value.node.IsScalar()) {
    fallback.action = value.OneOf<v1::Action>(kActions);
    return fallback;
  }
  const YamlMap map(value, {"action", "severity"});
  if (const auto action = map.Require("action")) {
    fallback.action = action->OneOf<v1::Action>(kActions);
  }
  if (const auto severity = map.Get("severity")) {
    fallback.severity = severity->OneOf<v1::Severity>(kSeverities).value_or(fallback.severity);
  }
  return fallback;
}

}  // namespace

void ReadUnscanned(const YamlValue& value, v1::Policy& policy) {
  std::vector<std::string> keys = NamesIn<v1::UnscannedReason>(kUnscannedReasons);
  keys.emplace_back("default");
  const YamlMap map(value, keys);
  std::optional<Fallback> otherwise;
  if (const auto fill = map.Get("default")) otherwise = ReadFallback(*fill);
  for (const auto& [reason, name] : kUnscannedReasons) {
    std::optional<Fallback> fallback = otherwise;
    if (const auto own = map.Get(name)) fallback = ReadFallback(*own);
    if (!fallback) continue;
    v1::UnscannedFallback& entry = *policy.add_unscanned();
    entry.set_reason(reason);
    // What could not be read has its own problem; block keeps the check from adding a second one.
    entry.set_action(fallback->action.value_or(v1::ACTION_BLOCK));
    entry.set_severity(fallback->severity);
  }
}

void ReadUsb(const YamlValue& value, v1::UsbPolicy& usb) {
  const YamlMap map(value, {"mode", "devices", "unmounted", "verdict_ms_max"});
  if (const auto mode = map.Require("mode")) {
    if (const auto known = mode->OneOf<v1::UsbMode>(kUsbModes)) usb.set_mode(*known);
  }
  if (const auto unmounted = map.Get("unmounted")) {
    if (const auto open = unmounted->OneOf<bool>(kUnmounted)) usb.set_unmounted_open(*open);
  }
  if (const auto bound = map.Get("verdict_ms_max")) {
    if (const auto number = bound->Number(UINT32_MAX)) {
      usb.set_verdict_ms_max(static_cast<uint32_t>(*number));
    }
  } else {
    usb.set_verdict_ms_max(kVerdictMsDefault);
  }
  const auto devices = map.Get("devices");
  if (!devices) return;
  devices->Items(kPolicyListItemsMax, [&](const YamlValue& item) {
    v1::UsbDevice& device = *usb.add_devices();
    const YamlMap entry(item, {"vendor", "product", "serial", "mode", "note"});
    if (const auto text = entry.Require("vendor")) device.set_vendor_id(text->Text().value_or(""));
    if (const auto text = entry.Require("product")) {
      device.set_product_id(text->Text().value_or(""));
    }
    if (const auto text = entry.Require("serial")) device.set_serial(text->Text().value_or(""));
    if (const auto mode = entry.Require("mode")) {
      if (const auto known = mode->OneOf<v1::UsbMode>(kUsbModes)) device.set_mode(*known);
    }
    if (const auto text = entry.Get("note")) device.set_note(text->Text().value_or(""));
  });
}

void ReadPolicy(const YamlValue& root, v1::Policy& policy) {
  const YamlMap map(root, {"name", "rules", "unscanned", "default_action", "usb", "attachments",
                           "clipboard", "spool_bytes_max"});
  if (!map.ok()) return;
  if (const auto name = map.Require("name")) policy.set_name(name->Text().value_or(""));
  if (const auto rules = map.Require("rules")) {
    rules->Items(kPolicyRulesMax,
                 [&](const YamlValue& item) { ReadRule(item, *policy.add_rules()); });
  }
  if (const auto unscanned = map.Require("unscanned")) ReadUnscanned(*unscanned, policy);
  if (const auto action = map.Require("default_action")) {
    if (const auto known = action->OneOf<v1::Action>(kActions)) policy.set_default_action(*known);
  }
  if (const auto usb = map.Require("usb")) ReadUsb(*usb, *policy.mutable_usb());
  if (const auto attachments = map.Get("attachments")) {
    ReadAttachments(*attachments, *policy.mutable_attachments());
  }
  if (const auto clipboard = map.Get("clipboard")) {
    ReadClipboard(*clipboard, *policy.mutable_clipboard());
  }
  policy.set_spool_bytes_max(kSpoolBytesDefault);
  if (const auto bound = map.Get("spool_bytes_max")) {
    if (const auto bytes = bound->Bytes()) policy.set_spool_bytes_max(*bytes);
  }
}

PolicyResult LoadPolicy(std::string_view file, std::string_view yaml,
                        const std::vector<std::string>& detectors) {
  PolicyResult result;
  Problems problems(file);
  if (yaml.size() > kPolicyYamlBytesMax) {
    problems.ErrorAt("Y101", 1, fmt::format("larger than {} bytes", kPolicyYamlBytesMax));
  } else {
    try {
      const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
      if (documents.size() != 1) {
        problems.ErrorAt("Y101", 1, "a policy is one YAML document");
      } else {
        ReadPolicy(YamlValue{documents[0], "", &problems}, result.policy);
        problems.BeginChecks();
        CheckInto(result.policy, detectors, problems);
      }
    } catch (const YAML::Exception& error) {
      problems.ErrorAt("Y100", error.mark.line < 0 ? 0 : static_cast<uint32_t>(error.mark.line) + 1,
                       fmt::format("not YAML: {}", YamlValue::Shown(error.msg)));
    } catch (const std::exception& error) {
      problems.ErrorAt("Y100", 1, fmt::format("not YAML: {}", YamlValue::Shown(error.what())));
    }
  }
  result.ok = !problems.HasErrors();
  result.problems = problems.Take();
  return result;
}

}  // namespace shoumi::rules
