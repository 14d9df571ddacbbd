#include "server/ctl/table.h"

#include <algorithm>

#include "common/terminal/text.h"
#include "fmt/format.h"

namespace shoumi::ctl {
namespace {

constexpr size_t kLabelCells = 14;
constexpr std::string_view kGap = "  ";

}  // namespace

Table::Table(std::vector<std::string> heads, bool colour) : colour_(colour) {
  std::vector<Cell> row;
  row.reserve(heads.size());
  for (std::string& head : heads) row.push_back({std::move(head), kBold});
  rows_.push_back(std::move(row));
}

void Table::Add(std::vector<Cell> row) {
  row.resize(rows_.front().size());
  for (Cell& cell : row) cell.text = Printable(cell.text);
  rows_.push_back(std::move(row));
}

std::string Table::Text() const {
  std::vector<size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i].text));
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string padding;  // kept back, so that no line ends in spaces
    for (size_t i = 0; i < row.size(); ++i) {
      const Cell& cell = row[i];
      if (!cell.text.empty()) {
        out += padding;
        out += cell.colour == nullptr ? cell.text : Paint(colour_, cell.colour, cell.text);
        padding.clear();
      }
      padding.append(widths[i] - DisplayWidth(cell.text), ' ').append(kGap);
    }
    out += '\n';
  }
  return out;
}

std::string Labelled(std::string_view label, std::string_view value) {
  const size_t width = DisplayWidth(label);
  const std::string padding(width < kLabelCells ? kLabelCells - width : 1, ' ');
  return fmt::format("{}{}{}\n", label, padding, value);
}

}  // namespace shoumi::ctl
