#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/policy/policy.h"

namespace shoumi::rules {

// One table a vocabulary: reading, writing and suggesting all use it.
template <typename T>
struct NamedValue {
  T value;
  std::string_view name;
};

inline constexpr NamedValue<v1::Action> kActions[] = {{v1::ACTION_ALLOW, "allow"},
                                                      {v1::ACTION_REPORT, "report"},
                                                      {v1::ACTION_WARN, "warn"},
                                                      {v1::ACTION_BLOCK, "block"}};
inline constexpr NamedValue<v1::Severity> kSeverities[] = {{v1::SEVERITY_LOW, "low"},
                                                           {v1::SEVERITY_MEDIUM, "medium"},
                                                           {v1::SEVERITY_HIGH, "high"},
                                                           {v1::SEVERITY_CRITICAL, "critical"}};
inline constexpr NamedValue<v1::Channel> kChannels[] = {{v1::CHANNEL_USB, "usb"},
                                                        {v1::CHANNEL_CLIPBOARD, "clipboard"},
                                                        {v1::CHANNEL_ATTACHMENT, "attachment"},
                                                        {v1::CHANNEL_MAIL, "mail"},
                                                        {v1::CHANNEL_REPLAY, "replay"}};
inline constexpr NamedValue<v1::UsbMode> kUsbModes[] = {{v1::USB_MODE_INSPECT, "inspect"},
                                                        {v1::USB_MODE_REPORT_ONLY, "report_only"},
                                                        {v1::USB_MODE_READ_ONLY, "read_only"},
                                                        {v1::USB_MODE_DENY, "deny"},
                                                        {v1::USB_MODE_ALLOW, "allow"}};
inline constexpr NamedValue<v1::ChannelMode> kChannelModes[] = {
    {v1::CHANNEL_MODE_OFF, "off"},
    {v1::CHANNEL_MODE_REPORT_ONLY, "report_only"},
    {v1::CHANNEL_MODE_INSPECT, "inspect"}};
// Of ClipboardPolicy::unknown_is_none.
inline constexpr NamedValue<bool> kUnknownPrograms[] = {{false, "any"}, {true, "none"}};
// Of UsbPolicy::unmounted_open.
inline constexpr NamedValue<bool> kUnmounted[] = {{false, "sealed"}, {true, "open"}};
inline constexpr NamedValue<v1::Level> kLevels[] = {{v1::LEVEL_NONE, "none"},
                                                    {v1::LEVEL_CONFIDENTIAL, "confidential"},
                                                    {v1::LEVEL_SECRET, "secret"},
                                                    {v1::LEVEL_TOP_SECRET, "top_secret"}};
inline constexpr NamedValue<v1::UnscannedReason> kUnscannedReasons[] = {
    {v1::UNSCANNED_REASON_ENCRYPTED, "encrypted"},
    {v1::UNSCANNED_REASON_CORRUPT, "corrupt"},
    {v1::UNSCANNED_REASON_OVERSIZE, "oversize"},
    {v1::UNSCANNED_REASON_TOO_DEEP, "too_deep"},
    {v1::UNSCANNED_REASON_TOO_MANY, "too_many"},
    {v1::UNSCANNED_REASON_TIMEOUT, "timeout"},
    {v1::UNSCANNED_REASON_UNSUPPORTED, "unsupported"},
    {v1::UNSCANNED_REASON_PARTIAL, "partial"},
    {v1::UNSCANNED_REASON_CRASHED, "crashed"},
    {v1::UNSCANNED_REASON_OVERLOADED, "overloaded"}};
// ISO 8601 weekdays.
inline constexpr NamedValue<uint32_t> kWeekdays[] = {{1, "mon"}, {2, "tue"}, {3, "wed"}, {4, "thu"},
                                                     {5, "fri"}, {6, "sat"}, {7, "sun"}};

template <typename T>
std::string_view NameIn(std::span<const NamedValue<T>> table, T value) {
  for (const auto& entry : table) {
    if (entry.value == value) return entry.name;
  }
  return {};
}

template <typename T>
const T* ValueIn(std::span<const NamedValue<T>> table, std::string_view name) {
  for (const auto& entry : table) {
    if (entry.name == name) return &entry.value;
  }
  return nullptr;
}

template <typename T>
std::vector<std::string> NamesIn(std::span<const NamedValue<T>> table) {
  std::vector<std::string> names;
  for (const auto& entry : table) names.emplace_back(entry.name);
  return names;
}

}  // namespace shoumi::rules
