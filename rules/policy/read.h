#pragma once

#include "rules/policy/yaml_map.h"
#include "shoumi/v1/policy.pb.h"

// YAML → proto, by section. What cannot be read is reported and left out.
namespace shoumi::rules {

void ReadPolicy(const YamlValue& root, v1::Policy& policy);

void ReadRule(const YamlValue& value, v1::Rule& rule);
void ReadWhen(const YamlValue& value, v1::Rule& rule);
void ReadConditions(const YamlValue& value, v1::Conditions& conditions);
void ReadUnscanned(const YamlValue& value, v1::Policy& policy);
void ReadUsb(const YamlValue& value, v1::UsbPolicy& usb);
void ReadAttachments(const YamlValue& value, v1::AttachmentPolicy& attachments);
void ReadClipboard(const YamlValue& value, v1::ClipboardPolicy& clipboard);

}  // namespace shoumi::rules
