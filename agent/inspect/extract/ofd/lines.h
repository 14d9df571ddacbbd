#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace shoumi::inspect {

// Runs of text with their places on a page, put together to lines: programs write a line in one
// run, or each character in one of its own. Units are those of the page; y grows downwards.
class LineBuilder {
 public:
  struct Run {
    double x = 0;     // where it begins
    double end = 0;   // where its last character ends
    double y = 0;     // of its base line
    double size = 0;  // of its characters
    std::string text;
  };

  void Add(Run run) { runs_.push_back(std::move(run)); }
  [[nodiscard]] size_t size() const { return runs_.size(); }
  // From top to bottom and from left to right, one line each; what stands far apart is separated by
  // TAB. Starts anew.
  std::string Take();

 private:
  std::vector<Run> runs_;
};

}  // namespace shoumi::inspect
