#include "agent/channels/usb/mount_table.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "common/fd.h"

namespace shoumi::agent::usb {
namespace {

constexpr size_t kTableBytesMax = 16 << 20;

bool IsOctal(char c) {
  return c >= '0' && c <= '7';
}

// Space, tab, newline and backslash are written as \ooo.
std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && IsOctal(text[i + 1]) && IsOctal(text[i + 2]) &&
        IsOctal(text[i + 3])) {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                      (text[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool ListHas(std::string_view list, std::string_view item) {
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    if (list.substr(at, end - at) == item) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

bool MountEntry::HasOption(std::string_view option) const {
  return ListHas(options, option) || ListHas(super_options, option);
}

std::vector<MountEntry> ParseMountTable(std::string_view text) {
  std::vector<MountEntry> table;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    MountEntry entry;
    std::string device;
    std::string root;
    std::string mount_point;
    if (!(fields >> entry.id >> entry.parent >> device >> root >> mount_point >> entry.options)) {
      continue;
    }
    unsigned major_number = 0;
    unsigned minor_number = 0;
    if (std::sscanf(device.c_str(), "%u:%u", &major_number, &minor_number) != 2) continue;
    entry.device = makedev(major_number, minor_number);
    std::string optional;
    while (fields >> optional && optional != "-") continue;
    std::string source;
    if (!(fields >> entry.file_system >> source)) continue;
    fields >> entry.super_options;
    entry.root = Unescape(root);
    entry.mount_point = Unescape(mount_point);
    entry.source = Unescape(source);
    table.push_back(std::move(entry));
  }
  return table;
}

std::vector<MountEntry> ReadMountTable() {
  const auto text = ReadFile("/proc/self/mountinfo", kTableBytesMax);
  return text.ok() ? ParseMountTable(*text) : std::vector<MountEntry>{};
}

const MountEntry* MountOnTopOf(const std::vector<MountEntry>& table, const MountEntry& under) {
  for (const MountEntry& entry : table) {
    if (entry.parent == under.id && entry.mount_point == under.mount_point) return &entry;
  }
  return nullptr;
}

}  // namespace shoumi::agent::usb
