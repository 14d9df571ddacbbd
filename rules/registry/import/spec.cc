#include "rules/registry/import/spec.h"

#include <algorithm>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "rules/engine/yaml_map.h"

namespace shoumi::registry {
namespace {

using rules::PackMap;
using Need = PackMap::Need;

constexpr std::pair<std::string_view, v1::Level> kLevels[] = {
    {"none", v1::LEVEL_NONE},         {"confidential", v1::LEVEL_CONFIDENTIAL},
    {"秘密", v1::LEVEL_CONFIDENTIAL}, {"secret", v1::LEVEL_SECRET},
    {"机密", v1::LEVEL_SECRET},       {"top_secret", v1::LEVEL_TOP_SECRET},
    {"绝密", v1::LEVEL_TOP_SECRET}};
constexpr std::string_view kLevelWords =
    "confidential (秘密), secret (机密), top_secret (绝密) or none";

std::string TypeWords() {
  std::string words;
  for (uint8_t type = 0; type < kColumnTypes; ++type) {
    if (type > 0) words += ", ";
    words += ColumnTypeName(static_cast<ColumnType>(type));
  }
  return words;
}

class SpecReader {
 public:
  SpecReader(rules::ProblemList& problems, Spec& spec) : problems_(problems), spec_(spec) {}

  void Read(const YAML::Node& root) {
    PackMap map(root, "the registry", problems_);
    if (!map.is_map()) return;
    spec_.name = map.Text("registry", Need::kRequired).value_or("");
    if (!spec_.name.empty() && !IsRegistryName(spec_.name)) {
      problems_.Error("R111", map.LineOfKey("registry"),
                      fmt::format("'{}' is not the name of a registry: write letters a-z, digits "
                                  "and '-'",
                                  spec_.name));
    }
    if (const auto columns = map.List("columns", Need::kRequired)) ReadColumns(*columns);
    if (const auto level = map.Map("level", Need::kOptional)) ReadLevel(*level);
    ReadForm(map);
    map.Finish();
  }

 private:
  void ReadColumns(const YAML::Node& list) {
    std::set<std::string> heads;
    std::set<std::string> names;
    for (const YAML::Node& node : list) {
      PackMap map(node, "the column", problems_);
      if (!map.is_map()) continue;
      Spec::Source source;
      source.head = Head(map, "head", Need::kRequired);
      const std::string type = map.Text("type", Need::kRequired).value_or("");
      source.column.name = map.Text("name", Need::kOptional).value_or(type);
      map.Finish();
      const auto known = FindColumnType(type);
      if (!known) {
        problems_.Error("R106", map.LineOfKey("type"),
                        fmt::format("there is no type '{}': write {}", type, TypeWords()));
        continue;
      }
      source.column.type = *known;
      if (!heads.insert(source.head).second || !names.insert(source.column.name).second) {
        problems_.Error("R105", map.line(),
                        "two columns with the same head or the same name: give one a name");
      }
      spec_.columns.push_back(std::move(source));
    }
    if (list.size() == 0 || list.size() > kColumnsMax) {
      problems_.Error("R113", rules::LineOfNode(list),
                      fmt::format("{} columns: a registry has 1 to {}", list.size(), kColumnsMax));
    }
  }

  void ReadLevel(const YAML::Node& node) {
    PackMap map(node, "'level'", problems_);
    spec_.level_head = Head(map, "head", Need::kOptional);
    spec_.level_default = Level(map, "default").value_or(v1::LEVEL_NONE);
    if (const auto values = map.Map("values", Need::kOptional)) ReadLevelValues(*values);
    map.Finish();
  }

  void ReadLevelValues(const YAML::Node& node) {
    if (node.size() > kLevelValuesMax) {
      problems_.Error("R113", rules::LineOfNode(node),
                      fmt::format("more than {} values", kLevelValuesMax));
      return;
    }
    for (const auto& entry : node) {
      const auto level = entry.second.IsScalar() ? FindLevel(entry.second.Scalar()) : std::nullopt;
      if (!level || !entry.first.IsScalar()) {
        problems_.Error("R111", rules::LineOfNode(entry.second),
                        fmt::format("a value's level must be {}", kLevelWords));
        continue;
      }
      spec_.level_values[entry.first.Scalar()] = *level;
    }
  }

  void ReadForm(PackMap& map) {
    constexpr std::pair<std::string_view, Encoding> kEncodings[] = {{"auto", Encoding::kAuto},
                                                                    {"utf-8", Encoding::kUtf8},
                                                                    {"gb18030", Encoding::kGb18030},
                                                                    {"utf-16", Encoding::kUtf16}};
    if (const auto word = map.Text("encoding", Need::kOptional)) {
      const auto* const found = std::find_if(std::begin(kEncodings), std::end(kEncodings),
                                             [&word](const auto& e) { return e.first == *word; });
      if (found == std::end(kEncodings)) {
        problems_.Error(
            "R111", map.LineOfKey("encoding"),
            fmt::format("'{}' is not an encoding: write auto, utf-8, gb18030 or utf-16", *word));
      } else {
        spec_.encoding = found->second;
      }
    }
    const auto separator = map.Text("separator", Need::kOptional);
    if (!separator) return;
    if (*separator != "," && *separator != ";" && *separator != "\t" && *separator != "|") {
      problems_.Error("R111", map.LineOfKey("separator"),
                      R"(a separator is ",", ";", "|" or "\t")");
    } else {
      spec_.separator = separator->front();
    }
  }

  std::string Head(PackMap& map, std::string_view key, Need need) {
    const auto head = map.Text(key, need);
    if (!head) return "";
    if (head->size() > kHeadBytesMax) {
      problems_.Error("R110", map.LineOfKey(key),
                      fmt::format("a head has at most {} bytes", kHeadBytesMax));
    }
    return *head;
  }

  std::optional<v1::Level> Level(PackMap& map, std::string_view key) {
    const auto word = map.Text(key, Need::kOptional);
    if (!word) return std::nullopt;
    const auto level = FindLevel(*word);
    if (!level) {
      problems_.Error("R111", map.LineOfKey(key),
                      fmt::format("'{}' is not a level: write {}", *word, kLevelWords));
    }
    return level;
  }

  rules::ProblemList& problems_;
  Spec& spec_;
};

}  // namespace

std::optional<v1::Level> FindLevel(std::string_view word) {
  const auto* const found = std::find_if(std::begin(kLevels), std::end(kLevels),
                                         [word](const auto& level) { return level.first == word; });
  return found == std::end(kLevels) ? std::nullopt : std::optional(found->second);
}

std::optional<Spec> LoadSpec(std::string_view file, std::string_view yaml,
                             std::vector<v1::PackProblem>& problems) {
  rules::ProblemList list{std::string(file), problems};
  if (yaml.size() > kSpecBytesMax) {
    list.Error(
        "R100", 0,
        fmt::format("the file has {} bytes; at most {} are allowed", yaml.size(), kSpecBytesMax));
    return std::nullopt;
  }
  const auto root = rules::ParseYaml(yaml, list);
  if (!root) return std::nullopt;
  Spec spec;
  try {
    SpecReader(list, spec).Read(*root);
  } catch (const YAML::Exception& error) {
    list.Error("R101", static_cast<uint32_t>(error.mark.line + 1), error.msg);
  }
  if (list.errors() > 0) return std::nullopt;
  return spec;
}

}  // namespace shoumi::registry
