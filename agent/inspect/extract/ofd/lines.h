#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shoumi::inspect {

// Runs of text with their places on a page, put together to lines: programs write a line in one
// run, or each character in one of its own. Units are those of the page; y grows downwards.
class LineBuilder {
 public:
  enum class Direction : uint8_t { kRight, kDown, kLeft, kUp };

  // Places are those of somebody who looks in the direction in which it is read: x is the way along
  // the line, y the way to the next line. For kDown these are y and -x of the page, for kLeft -x
  // and y, for kUp -y and x.
  struct Run {
    double x = 0;     // where it begins
    double end = 0;   // where its last character ends
    double y = 0;     // of its base line
    double size = 0;  // of its characters
    std::string text;
    Direction direction = Direction::kRight;
  };

  void Add(Run run) { runs_.push_back(std::move(run)); }
  [[nodiscard]] size_t size() const { return runs_.size(); }
  // From top to bottom and from left to right, one line each; what stands far apart is separated by
  // TAB. Then what is read in other directions, and once more, as columns, single characters that
  // have their nearest below them. Starts anew.
  std::string Take();

 private:
  using Runs = std::vector<Run>::iterator;
  static void PutLine(Runs line, Runs end, std::string& text, std::vector<Run>& alone);
  static void PutLines(Runs runs, Runs end, std::string& text, std::vector<Run>& alone);
  static void PutColumns(std::vector<Run>& alone, std::string& text);

  std::vector<Run> runs_;
};

}  // namespace shoumi::inspect
