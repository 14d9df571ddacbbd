#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace shoumi::inspect {

// Elements before and behind which a line ends.
bool IsHtmlBlock(std::string_view name);
// Rows of tables, and what ends them; their cells.
bool IsHtmlRow(std::string_view name);
bool IsHtmlCell(std::string_view name);

// Text as it flows: blocks and rows in lines of their own, a tab between cells, white space as it
// is shown. Element names are in lower case.
class HtmlFlow {
 public:
  using Take = std::function<void(std::string_view text)>;

  explicit HtmlFlow(Take take) : take_(std::move(take)) {}

  void StartElement(std::string_view name);
  void EndElement(std::string_view name);
  // White space counts once outside of what is preformatted (CSS Text 3, 4.1.1).
  void Text(std::string_view text);
  // As it stands.
  void Put(std::string_view text);
  void BreakLine();

 private:
  void BreakRow();
  void EndCell();

  const Take take_;
  uint32_t preformatted_ = 0;
  std::string separators_;  // before the next text
  bool in_cell_ = false;
  bool cell_line_ended_ = false;
  bool at_start_ = true;  // of a line
  bool space_ = true;     // the line ends with one so far
};

}  // namespace shoumi::inspect
