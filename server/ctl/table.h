#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shoumi::ctl {

struct Cell {
  std::string text;              // as it came; the table escapes it
  const char* colour = nullptr;  // a code of common/terminal/text.h
};

// Columns aligned by the cells their text takes on a terminal.
class Table {
 public:
  Table(std::vector<std::string> heads, bool colour);
  // One cell for each head.
  void Add(std::vector<Cell> row);
  [[nodiscard]] std::string Text() const;

 private:
  const bool colour_;
  std::vector<std::vector<Cell>> rows_;
};

// "label      value", one line of a sheet about one thing; `value` is printable already.
std::string Labelled(std::string_view label, std::string_view value);

}  // namespace shoumi::ctl
