#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "rules/policy/names.h"
#include "rules/policy/problems.h"
#include "yaml-cpp/yaml.h"

namespace shoumi::rules {

[[nodiscard]] uint32_t LineOf(const YAML::Node& node);

// A YAML value and where it lies; every accessor reports what is wrong and goes on, so that one run
// finds all problems. Only for use inside a try block of the loader: yaml-cpp throws.
struct YamlValue {
  YAML::Node node;
  std::string path;
  Problems* problems;

  [[nodiscard]] std::optional<std::string> Text() const;
  [[nodiscard]] std::optional<uint64_t> Number(uint64_t max) const;
  // "67108864", "64MiB"; KiB, MiB and GiB.
  [[nodiscard]] std::optional<uint64_t> Bytes() const;
  // "30m", "8h", "7d" in minutes, 1 to `max`.
  [[nodiscard]] std::optional<uint32_t> Minutes(uint32_t max) const;
  // Calls `each` for every item; a value that is no list is a problem.
  void Items(size_t items_max, const std::function<void(const YamlValue&)>& each) const;

  template <typename T>
  [[nodiscard]] std::optional<T> OneOf(std::span<const NamedValue<T>> table) const {
    const auto text = Text();
    if (!text) return std::nullopt;
    if (const T* value = ValueIn(table, *text)) return *value;
    const auto names = NamesIn(table);
    std::string all;
    for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
    problems->Error(
        "Y106", path,
        fmt::format("'{}' is none of {}{}", Shown(*text), all, Suggestion(*text, names)));
    return std::nullopt;
  }

  // Cut so that a message stays a message.
  static std::string Shown(std::string_view text);
};

// A map with known keys. The constructor reports a value that is no map, unknown keys with a
// suggestion, and keys given twice (yaml-cpp keeps both).
class YamlMap {
 public:
  YamlMap(const YamlValue& value, std::vector<std::string> keys);

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::optional<YamlValue> Get(std::string_view key) const;
  // Reports a missing key.
  [[nodiscard]] std::optional<YamlValue> Require(std::string_view key) const;
  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  std::string path_;
  Problems* problems_;
  std::vector<std::pair<std::string, YamlValue>> entries_;
  bool ok_ = false;
};

}  // namespace shoumi::rules
