#include <algorithm>
#include <set>

#include "fmt/format.h"
#include "rules/policy/check.h"
#include "rules/policy/names.h"

namespace shoumi::rules {
namespace {

constexpr uint32_t kMinutesPerDay = 24 * 60;
// glibc's fnmatch backtracks over stars; a handful is enough for any pattern a person writes.
constexpr auto kStarsMax = 8;

void CheckDevicePattern(std::string_view text, const std::string& path, Problems& problems) {
  const size_t first = text.find(':');
  const size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos || !IsUsbId(text.substr(0, first)) ||
      !IsUsbId(text.substr(first + 1, second - first - 1)) || text.substr(second + 1).empty()) {
    problems.Error("Y120", path,
                   fmt::format("'{}' is not VENDOR:PRODUCT:SERIAL with four lower-case hex digits "
                               "for the first two, or '*' for any of the three",
                               text));
  }
}

void CheckDestination(std::string_view text, const std::string& path, Problems& problems) {
  if (text.empty()) {
    problems.Error("Y121", path, "empty pattern");
  } else if (std::ranges::count(text, '*') > kStarsMax) {
    problems.Error("Y121", path, fmt::format("more than {} '*' in one pattern", kStarsMax));
  } else if (text.ends_with('\\') && !text.ends_with("\\\\")) {
    problems.Error("Y121", path, "a backslash at the end escapes nothing");
  } else if (std::ranges::count(text, '[') != std::ranges::count(text, ']') &&
             text.find('\\') == std::string_view::npos) {
    problems.Error("Y121", path, "'[' without its ']'");
  }
}

void CheckTime(const v1::TimeWindow& window, const std::string& path, Problems& problems) {
  if (window.start_minute() >= kMinutesPerDay || window.end_minute() == 0 ||
      window.end_minute() > kMinutesPerDay) {
    problems.Error("Y122", path, "times are 00:00 to 24:00, and the end is after 00:00");
  } else if (window.start_minute() == window.end_minute()) {
    problems.Error("Y122", path, "the window is empty: it ends when it starts");
  }
  std::set<uint32_t> seen;
  for (const uint32_t day : window.weekdays()) {
    if (day < 1 || day > 7) {
      problems.Error("Y122", path, "weekdays are mon to sun");
    } else if (!seen.insert(day).second) {
      problems.Warning("Y123", path,
                       fmt::format("'{}' is named twice", NameIn<uint32_t>(kWeekdays, day)));
    }
  }
}

template <typename List, typename Check>
void CheckList(const List& list, const std::string& path, Problems& problems, Check check) {
  if (static_cast<size_t>(list.size()) > kPolicyListItemsMax) {
    problems.Error("Y107", path, fmt::format("more than {} entries", kPolicyListItemsMax));
    return;
  }
  std::set<std::string> seen;
  for (int i = 0; i < list.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", path, i);
    const std::string& text = list[i];
    if (text.size() > kPolicyTextBytesMax) {
      problems.Error("Y107", place, fmt::format("longer than {} bytes", kPolicyTextBytesMax));
      continue;
    }
    if (!IsValidUtf8(text)) {
      problems.Error("Y104", place, "not valid UTF-8");
      continue;
    }
    check(text, place);
    if (!seen.insert(text).second) problems.Warning("Y123", place, "is named twice");
  }
}

bool SameDevices(const v1::UsbDevice& wide, const v1::UsbDevice& narrow) {
  const auto covers = [](const std::string& a, const std::string& b) { return a == "*" || a == b; };
  return covers(wide.vendor_id(), narrow.vendor_id()) &&
         covers(wide.product_id(), narrow.product_id()) && covers(wide.serial(), narrow.serial());
}

void CheckUsbDevice(const v1::UsbDevice& device, const std::string& path, Problems& problems) {
  if (!IsUsbId(device.vendor_id())) {
    problems.Error("Y120", path + ".vendor", "four lower-case hex digits or \"*\"");
  }
  if (!IsUsbId(device.product_id())) {
    problems.Error("Y120", path + ".product", "four lower-case hex digits or \"*\"");
  }
  if (device.serial().empty()) {
    problems.Error("Y120", path + ".serial", "missing; \"*\" for any serial number");
  }
  if (Name(device.mode()).empty()) {
    problems.Error("Y106", path + ".mode",
                   "no known mode (inspect, report_only, read_only, deny, allow)");
  }
  for (const std::string* text : {&device.serial(), &device.note()}) {
    if (text->size() > kPolicyTextBytesMax || !IsValidUtf8(*text)) {
      problems.Error("Y107", path, "text too long or not valid UTF-8");
    }
  }
}

}  // namespace

bool IsUsbId(std::string_view text) {
  return text == "*" || (text.size() == 4 && std::ranges::all_of(text, [](char c) {
                           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                         }));
}

void CheckConditions(const v1::Conditions& conditions, const std::string& path,
                     Problems& problems) {
  std::set<int> channels;
  for (int i = 0; i < conditions.channels_size(); ++i) {
    const std::string place = fmt::format("{}.channels[{}]", path, i);
    if (Name(conditions.channels(i)).empty()) problems.Error("Y106", place, "no known channel");
    if (!channels.insert(conditions.channels(i)).second) {
      problems.Warning("Y123", place, "is named twice");
    }
  }
  CheckList(conditions.devices(), path + ".devices", problems,
            [&](const std::string& text, const std::string& place) {
              CheckDevicePattern(text, place, problems);
            });
  CheckList(conditions.destinations(), path + ".destinations", problems,
            [&](const std::string& text, const std::string& place) {
              CheckDestination(text, place, problems);
            });
  const auto check_program = [&](const std::string& text, const std::string& place) {
    CheckProgram(text, place, problems);
  };
  CheckList(conditions.programs(), path + ".programs", problems, check_program);
  CheckList(conditions.sources(), path + ".sources", problems, check_program);
  const auto check_name = [&](const std::string& text, const std::string& place) {
    if (text.empty()) problems.Error("Y103", place, "empty name");
  };
  CheckList(conditions.users(), path + ".users", problems, check_name);
  CheckList(conditions.groups(), path + ".groups", problems, check_name);
  if (static_cast<size_t>(conditions.times_size()) > kPolicyListItemsMax) {
    problems.Error("Y107", path + ".times",
                   fmt::format("more than {} entries", kPolicyListItemsMax));
    return;
  }
  for (int i = 0; i < conditions.times_size(); ++i) {
    CheckTime(conditions.times(i), fmt::format("{}.times[{}]", path, i), problems);
  }
}

void CheckUsb(const v1::UsbPolicy& usb, Problems& problems) {
  if (Name(usb.mode()).empty()) {
    problems.Error("Y106", "usb.mode",
                   "no known mode (inspect, report_only, read_only, deny, allow)");
  }
  if (usb.verdict_ms_max() < kVerdictMsMin || usb.verdict_ms_max() > kVerdictMsMax) {
    problems.Error("Y107", "usb.verdict_ms_max",
                   fmt::format("{} is outside {} to {} ms", usb.verdict_ms_max(), kVerdictMsMin,
                               kVerdictMsMax));
  }
  if (static_cast<size_t>(usb.devices_size()) > kPolicyListItemsMax) {
    problems.Error("Y107", "usb.devices", fmt::format("more than {} entries", kPolicyListItemsMax));
    return;
  }
  for (int i = 0; i < usb.devices_size(); ++i) {
    const std::string path = fmt::format("usb.devices[{}]", i);
    CheckUsbDevice(usb.devices(i), path, problems);
    for (int j = 0; j < i; ++j) {
      if (!SameDevices(usb.devices(j), usb.devices(i))) continue;
      problems.Warning("Y140", path,
                       fmt::format("is never reached: usb.devices[{}] names the same devices", j));
      break;
    }
  }
}

}  // namespace shoumi::rules
