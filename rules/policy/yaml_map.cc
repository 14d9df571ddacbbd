#include "rules/policy/yaml_map.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "rules/policy/check.h"

namespace shoumi::rules {
namespace {

constexpr size_t kShownBytesMax = 48;

std::string_view KindOf(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Null:
      return "nothing";
    case YAML::NodeType::Scalar:
      return "a single value";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a map";
    case YAML::NodeType::Undefined:
      break;
  }
  return "nothing";
}

}  // namespace

uint32_t LineOf(const YAML::Node& node) {
  const int line = node.Mark().line;
  return line < 0 ? 0 : static_cast<uint32_t>(line) + 1;
}

std::string YamlValue::Shown(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, kShownBytesMax)) {
    shown += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  }
  // A cut inside a character would make the problem invalid UTF-8.
  while (!shown.empty() && !IsValidUtf8(shown)) shown.pop_back();
  return text.size() > kShownBytesMax ? shown + "…" : shown;
}

std::optional<std::string> YamlValue::Text() const {
  if (!node.IsScalar()) {
    problems->Error("Y104", path, fmt::format("needs a single value, not {}", KindOf(node)));
    return std::nullopt;
  }
  std::string text = node.Scalar();
  if (!IsValidUtf8(text)) {
    problems->Error("Y104", path, "not valid UTF-8");
    return std::nullopt;
  }
  return text;
}

std::optional<uint64_t> YamlValue::Number(uint64_t max) const {
  const auto text = Text();
  if (!text) return std::nullopt;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc::result_out_of_range || (error == std::errc() && number > max)) {
    problems->Error("Y107", path, fmt::format("{} is more than {}", Shown(*text), max));
    return std::nullopt;
  }
  if (error != std::errc() || end != text->data() + text->size()) {
    problems->Error("Y104", path, fmt::format("'{}' is not a whole number", Shown(*text)));
    return std::nullopt;
  }
  return number;
}

std::optional<uint64_t> YamlValue::Bytes() const {
  const auto text = Text();
  if (!text) return std::nullopt;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const std::string_view unit(end, static_cast<size_t>(text->data() + text->size() - end));
  const int shift = unit.empty()    ? 0
                    : unit == "KiB" ? 10
                    : unit == "MiB" ? 20
                    : unit == "GiB" ? 30
                                    : -1;
  if (error == std::errc::invalid_argument || shift < 0) {
    problems->Error("Y104", path, fmt::format("'{}' is not a size such as 64MiB", Shown(*text)));
    return std::nullopt;
  }
  if (error != std::errc() || number > (UINT64_MAX >> shift)) {
    problems->Error("Y107", path, fmt::format("'{}' is too large", Shown(*text)));
    return std::nullopt;
  }
  return number << shift;
}

std::optional<uint32_t> YamlValue::Minutes(uint32_t max) const {
  const auto text = Text();
  if (!text) return std::nullopt;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const std::string_view unit(end, static_cast<size_t>(text->data() + text->size() - end));
  const uint64_t minutes = unit == "m" ? 1 : unit == "h" ? 60 : unit == "d" ? 24 * 60 : 0;
  if (error == std::errc::invalid_argument || minutes == 0) {
    problems->Error("Y104", path,
                    fmt::format("'{}' is not a time such as 30m, 8h or 7d", Shown(*text)));
    return std::nullopt;
  }
  if (error != std::errc() || number == 0 || number > max / minutes) {
    problems->Error("Y107", path,
                    fmt::format("'{}' is outside 1m to {}", Shown(*text), DurationName(max)));
    return std::nullopt;
  }
  return static_cast<uint32_t>(number * minutes);
}

void YamlValue::Items(size_t items_max, const std::function<void(const YamlValue&)>& each) const {
  if (!node.IsSequence()) {
    problems->Error("Y104", path, fmt::format("needs a list, not {}", KindOf(node)));
    return;
  }
  if (node.size() > items_max) {
    problems->Error("Y107", path, fmt::format("more than {} entries", items_max));
    return;
  }
  size_t index = 0;
  for (const auto& item : node) {
    const YamlValue value{item, fmt::format("{}[{}]", path, index++), problems};
    problems->NoteLine(value.path, LineOf(item));
    each(value);
  }
}

YamlMap::YamlMap(const YamlValue& value, std::vector<std::string> keys)
    : path_(value.path), problems_(value.problems) {
  if (path_.empty()) problems_->NoteLine(path_, LineOf(value.node));
  if (!value.node.IsMap()) {
    problems_->Error("Y104", path_, fmt::format("needs a map, not {}", KindOf(value.node)));
    return;
  }
  ok_ = true;
  for (const auto& entry : value.node) {
    const uint32_t line = LineOf(entry.first);
    if (!entry.first.IsScalar()) {
      problems_->ErrorAt("Y104", line, "a key must be a single word");
      continue;
    }
    const std::string key = entry.first.Scalar();
    if (std::ranges::find(keys, key) == keys.end()) {
      problems_->ErrorAt("Y102", line,
                         fmt::format("{}unknown key '{}'{}", path_.empty() ? "" : path_ + ": ",
                                     YamlValue::Shown(key), Suggestion(key, keys)));
      continue;
    }
    const std::string path = path_.empty() ? key : path_ + "." + key;
    if (Get(key)) {
      problems_->ErrorAt("Y105", line, fmt::format("{}: given twice", path));
      continue;
    }
    problems_->NoteLine(path, line);
    entries_.emplace_back(key, YamlValue{entry.second, path, problems_});
  }
}

std::optional<YamlValue> YamlMap::Get(std::string_view key) const {
  for (const auto& [name, value] : entries_) {
    if (name == key) return value;
  }
  return std::nullopt;
}

std::optional<YamlValue> YamlMap::Require(std::string_view key) const {
  auto value = Get(key);
  if (!value && ok_) {
    problems_->Error("Y103", path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key),
                     "missing");
  }
  return value;
}

}  // namespace shoumi::rules
