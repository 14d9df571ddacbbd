#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shoumi/v1/inspect.pb.h"

// Strict reading of untrusted YAML: nothing is ignored, every problem has code, file and line.
namespace shoumi::rules {

inline constexpr size_t kProblemsMax = 200;
inline constexpr size_t kYamlDepthMax = 32;

// Problems of one file, at most kProblemsMax.
class ProblemList {
 public:
  ProblemList(std::string file, std::vector<v1::PackProblem>& out)
      : file_(std::move(file)), out_(out) {}

  void Error(std::string_view code, uint32_t line, std::string_view message);
  void Warning(std::string_view code, uint32_t line, std::string_view message);
  [[nodiscard]] uint32_t errors() const { return errors_; }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  void Add(v1::PackProblem::Severity severity, std::string_view code, uint32_t line,
           std::string_view message);

  std::string file_;
  std::vector<v1::PackProblem>& out_;
  uint32_t errors_ = 0;
};

// Parses one document. Aliases, anchors, tags and deep nesting are refused before a tree is built.
// Empty, with the problem recorded, when it is not usable. Never throws.
std::optional<YAML::Node> ParseYaml(std::string_view yaml, ProblemList& problems);

uint32_t LineOfNode(const YAML::Node& node);

// A map whose keys must all be asked for. Getters record what is wrong and return nothing then.
class PackMap {
 public:
  // `what` names the map in messages: "detector cn.mobile".
  PackMap(const YAML::Node& node, std::string what, ProblemList& problems);

  enum class Need : uint8_t { kOptional, kRequired };
  std::optional<std::string> Text(std::string_view key, Need need);
  std::optional<uint32_t> Number(std::string_view key, uint32_t min, uint32_t max, Need need);
  std::optional<bool> Flag(std::string_view key);
  std::optional<YAML::Node> Map(std::string_view key, Need need);
  std::optional<YAML::Node> List(std::string_view key, Need need);

  // Reports the keys that nobody asked for.
  void Finish();

  [[nodiscard]] bool is_map() const { return is_map_; }
  [[nodiscard]] uint32_t line() const { return line_; }
  [[nodiscard]] uint32_t LineOfKey(std::string_view key) const;

 private:
  struct Entry {
    std::string key;
    uint32_t line = 0;
    YAML::Node value;
    bool asked = false;
  };
  Entry* Find(std::string_view key, Need need);

  std::vector<Entry> entries_;
  std::vector<std::string> known_;
  std::string what_;
  ProblemList& problems_;
  uint32_t line_ = 0;
  bool is_map_ = false;
};

}  // namespace shoumi::rules
