#include "rules/engine/yaml_map.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <utility>

#include "fmt/format.h"
#include "rules/engine/text/fold.h"

namespace shoumi::rules {
namespace {

// Messages and names travel in proto strings, which must be UTF-8; what is quoted may not be.
std::string Printable(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Character c = CharacterAt(text, at);
    const bool good = c.value != 0xFFFD && c.value >= 0x20 &&
                      !(c.value >= 0xD800 && c.value < 0xE000) && c.value < 0x110000 &&
                      !(c.size == 3 && c.value < 0x800) && !(c.size == 4 && c.value < 0x10000);
    out.append(good ? text.substr(at, c.size) : std::string_view("?"));
    at += c.size;
  }
  return out;
}

uint32_t LineOfMark(const YAML::Mark& mark) {
  return mark.is_null() ? 0 : static_cast<uint32_t>(mark.line + 1);
}

// Sees every event before a tree exists, so that an alias cannot multiply work.
class StrictEvents : public YAML::EventHandler {
 public:
  explicit StrictEvents(ProblemList& problems) : problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Check(mark, "", anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.Error("P112", LineOfMark(mark), "aliases are not allowed: write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string&) override {
    Check(mark, tag, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Enter(mark, tag, anchor);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Enter(mark, tag, anchor);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void Enter(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Check(mark, tag, anchor);
    if (++depth_ == kYamlDepthMax) {
      problems_.Error("P102", LineOfMark(mark),
                      fmt::format("nested deeper than {} levels", kYamlDepthMax));
    }
  }
  void Check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      problems_.Error("P112", LineOfMark(mark), "anchors are not allowed: remove the '&name'");
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      problems_.Error("P112", LineOfMark(mark), "tags are not allowed: remove the '!name'");
    }
  }

  ProblemList& problems_;
  size_t depth_ = 0;
};

std::string_view KindName(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      return "a map";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Scalar:
      return "a plain value";
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
      break;
  }
  return "nothing";
}

}  // namespace

void ProblemList::Error(std::string_view code, uint32_t line, std::string_view message) {
  ++errors_;
  Add(v1::PackProblem::SEVERITY_ERROR, code, line, message);
}

void ProblemList::Warning(std::string_view code, uint32_t line, std::string_view message) {
  Add(v1::PackProblem::SEVERITY_WARNING, code, line, message);
}

void ProblemList::Add(v1::PackProblem::Severity severity, std::string_view code, uint32_t line,
                      std::string_view message) {
  if (out_.size() >= kProblemsMax) return;
  v1::PackProblem& problem = out_.emplace_back();
  problem.set_severity(severity);
  problem.set_code(std::string(code));
  problem.set_file(Printable(file_));
  problem.set_line(line);
  problem.set_message(Printable(message));
}

std::optional<YAML::Node> ParseYaml(std::string_view yaml, ProblemList& problems) {
  const uint32_t errors_before = problems.errors();
  try {
    const std::string text(yaml);
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    StrictEvents events(problems);
    if (!parser.HandleNextDocument(events)) {
      problems.Error("P101", 1, "the file is empty: expected a map that starts with 'pack:'");
      return std::nullopt;
    }
    if (parser.HandleNextDocument(events)) {
      problems.Error("P101", 0, "there is a second document ('---'): write one per file");
    }
    if (problems.errors() != errors_before) return std::nullopt;
    YAML::Node node = YAML::Load(text);
    return node;
  } catch (const YAML::Exception& error) {
    problems.Error("P101", LineOfMark(error.mark), fmt::format("not YAML: {}", error.msg));
  } catch (const std::exception& error) {
    problems.Error("P101", 0, fmt::format("not YAML: {}", error.what()));
  }
  return std::nullopt;
}

uint32_t LineOfNode(const YAML::Node& node) {
  return LineOfMark(node.Mark());
}

PackMap::PackMap(const YAML::Node& node, std::string what, ProblemList& problems)
    : what_(std::move(what)), problems_(problems), line_(LineOfNode(node)), is_map_(node.IsMap()) {
  if (!is_map_) {
    problems_.Error("P102", line_,
                    fmt::format("{} must be a map of keys, not {}", what_, KindName(node)));
    return;
  }
  for (const auto& pair : node) {
    if (!pair.first.IsScalar()) {
      problems_.Error("P102", LineOfNode(pair.first),
                      fmt::format("a key of {} must be a plain word", what_));
      continue;
    }
    Entry entry{pair.first.Scalar(), LineOfNode(pair.first), pair.second, false};
    const bool repeated = std::any_of(entries_.begin(), entries_.end(),
                                      [&](const Entry& seen) { return seen.key == entry.key; });
    if (repeated) {
      problems_.Error("P105", entry.line,
                      fmt::format("'{}' is there twice in {}", entry.key, what_));
      continue;
    }
    entries_.push_back(std::move(entry));
  }
}

PackMap::Entry* PackMap::Find(std::string_view key, Need need) {
  known_.emplace_back(key);
  for (Entry& entry : entries_) {
    if (entry.key == key) {
      entry.asked = true;
      return &entry;
    }
  }
  if (need == Need::kRequired && is_map_) {
    problems_.Error("P104", line_, fmt::format("{} needs '{}'", what_, key));
  }
  return nullptr;
}

uint32_t PackMap::LineOfKey(std::string_view key) const {
  for (const Entry& entry : entries_) {
    if (entry.key == key) return entry.line;
  }
  return line_;
}

std::optional<std::string> PackMap::Text(std::string_view key, Need need) {
  const Entry* entry = Find(key, need);
  if (entry == nullptr) return std::nullopt;
  if (!entry->value.IsScalar() || entry->value.Scalar().empty()) {
    problems_.Error("P102", entry->line,
                    fmt::format("'{}' in {} must be text, not {}", key, what_,
                                entry->value.IsScalar() ? "empty" : KindName(entry->value)));
    return std::nullopt;
  }
  return entry->value.Scalar();
}

std::optional<uint32_t> PackMap::Number(std::string_view key, uint32_t min, uint32_t max,
                                        Need need) {
  const Entry* entry = Find(key, need);
  if (entry == nullptr) return std::nullopt;
  const std::string text = entry->value.IsScalar() ? entry->value.Scalar() : std::string();
  const char* end = text.data() + text.size();
  uint32_t value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || stopped != end ||
      (error != std::errc() && error != std::errc::result_out_of_range)) {
    problems_.Error("P102", entry->line,
                    fmt::format("'{}' in {} must be a whole number", key, what_));
    return std::nullopt;
  }
  if (error == std::errc::result_out_of_range || value < min || value > max) {
    problems_.Error("P110", entry->line,
                    fmt::format("'{}' in {} must lie between {} and {}", key, what_, min, max));
    return std::nullopt;
  }
  return value;
}

std::optional<bool> PackMap::Flag(std::string_view key) {
  const Entry* entry = Find(key, Need::kOptional);
  if (entry == nullptr) return std::nullopt;
  const std::string text = entry->value.IsScalar() ? entry->value.Scalar() : std::string();
  if (text == "true") return true;
  if (text == "false") return false;
  problems_.Error("P102", entry->line, fmt::format("'{}' in {} must be true or false", key, what_));
  return std::nullopt;
}

std::optional<YAML::Node> PackMap::Map(std::string_view key, Need need) {
  const Entry* entry = Find(key, need);
  if (entry == nullptr) return std::nullopt;
  if (!entry->value.IsMap()) {
    problems_.Error("P102", entry->line,
                    fmt::format("'{}' in {} must be a map of keys, not {}", key, what_,
                                KindName(entry->value)));
    return std::nullopt;
  }
  return entry->value;
}

std::optional<YAML::Node> PackMap::List(std::string_view key, Need need) {
  const Entry* entry = Find(key, need);
  if (entry == nullptr) return std::nullopt;
  if (!entry->value.IsSequence()) {
    problems_.Error(
        "P102", entry->line,
        fmt::format("'{}' in {} must be a list, not {}", key, what_, KindName(entry->value)));
    return std::nullopt;
  }
  return entry->value;
}

void PackMap::Finish() {
  for (const Entry& entry : entries_) {
    if (entry.asked) continue;
    problems_.Error("P103", entry.line,
                    fmt::format("'{}' is not a key of {}; known are {}", entry.key, what_,
                                fmt::join(known_, ", ")));
  }
}

}  // namespace shoumi::rules
