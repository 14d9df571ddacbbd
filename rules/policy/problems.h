#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shoumi/v1/inspect.pb.h"

namespace shoumi::rules {

// Collects problems of one policy. Places are paths ("rules[3].when.all[0]"); the YAML reader notes
// the line of each as it goes, so that checks of the finished proto can still point at the file.
class Problems {
 public:
  explicit Problems(std::string_view file) : file_(file) {}

  void NoteLine(std::string_view path, uint32_t line) { lines_[std::string(path)] = line; }
  void Error(std::string_view code, std::string_view path, std::string_view message);
  void Warning(std::string_view code, std::string_view path, std::string_view message);
  // From here on errors at or below a place that already has one are dropped: they would only say
  // again that it could not be read.
  void BeginChecks();
  void ErrorAt(std::string_view code, uint32_t line, std::string_view message);

  [[nodiscard]] bool HasErrors() const { return errors_ > 0; }
  // Ordered by line. At most kProblemsMax; the rest is counted in one closing problem (Y199).
  std::vector<v1::PackProblem> Take();

  static constexpr size_t kProblemsMax = 200;

 private:
  void Add(v1::PackProblem::Severity severity, std::string_view code, uint32_t line,
           std::string_view message);
  // Of the nearest enclosing place whose line is known, the whole file ("") at last; 0 when there
  // is no file.
  [[nodiscard]] uint32_t LineOf(std::string_view path) const;
  [[nodiscard]] bool IsUnreadable(std::string_view path) const;

  std::string file_;
  std::map<std::string, uint32_t, std::less<>> lines_;
  std::set<std::string, std::less<>> error_paths_;
  bool checking_ = false;
  std::vector<v1::PackProblem> problems_;
  size_t errors_ = 0;
  size_t omitted_ = 0;
};

// The candidate nearest to `text`, when it is near enough to be a slip of the pen; else empty.
std::string Nearest(std::string_view text, const std::vector<std::string>& candidates);
// ", did you mean 'x'?" or nothing.
std::string Suggestion(std::string_view text, const std::vector<std::string>& candidates);

}  // namespace shoumi::rules
