#include "agent/inspect/extract/html/flow.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "agent/inspect/extract/html/attributes.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kSeparatorsMax = 1024;  // of cells without text

bool Is(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool IsHtmlBlock(std::string_view name) {
  return Is(
      name,
      {"p",        "div",      "br",     "hr",      "h1",      "h2",         "h3",       "h4",
       "h5",       "h6",       "ul",     "ol",      "li",      "table",      "dl",       "dt",
       "dd",       "pre",      "form",   "section", "article", "header",     "footer",   "main",
       "nav",      "aside",    "figure", "address", "center",  "blockquote", "fieldset", "legend",
       "option",   "select",   "body",   "html",    "details", "figcaption", "textarea", "summary",
       "dialog",   "menu",     "hgroup", "dir",     "listing", "optgroup",   "search",   "xmp",
       "frameset", "plaintext"});
}

bool IsHtmlRow(std::string_view name) {
  return Is(name, {"tr", "table", "caption"});
}

bool IsHtmlCell(std::string_view name) {
  return Is(name, {"td", "th"});
}

void HtmlFlow::StartElement(std::string_view name) {
  if (IsHtmlRow(name)) {
    BreakRow();
  } else if (IsHtmlBlock(name)) {
    BreakLine();
  } else if (IsHtmlCell(name)) {
    if (in_cell_) EndCell();  // as HTML may leave it unsaid
    in_cell_ = true;
  }
  if (Is(name, {"pre", "listing"})) ++preformatted_;
}

void HtmlFlow::EndElement(std::string_view name) {
  if (IsHtmlRow(name)) {
    BreakRow();
  } else if (IsHtmlBlock(name)) {
    BreakLine();
  } else if (IsHtmlCell(name)) {
    if (in_cell_) EndCell();
    in_cell_ = false;
  }
  if (Is(name, {"pre", "listing"}) && preformatted_ > 0) --preformatted_;
}

// The line of a cell that has only just begun goes on with the row.
void HtmlFlow::BreakLine() {
  space_ = true;
  if (!separators_.empty() || at_start_) return;
  separators_ = "\n";
  cell_line_ended_ = in_cell_;
}

void HtmlFlow::BreakRow() {
  space_ = true;
  in_cell_ = cell_line_ended_ = false;
  separators_ = at_start_ ? "" : "\n";
}

void HtmlFlow::EndCell() {
  space_ = true;
  if (std::exchange(cell_line_ended_, false)) separators_.clear();
  if (separators_.size() < kSeparatorsMax) separators_ += '\t';
}

void HtmlFlow::Text(std::string_view text) {
  if (preformatted_ > 0) return Put(text);
  std::string collapsed;
  collapsed.reserve(text.size());
  for (const char c : text) {
    const bool space = IsHtmlSpace(c);
    if (space && space_) continue;
    collapsed.push_back(space ? ' ' : c);
    space_ = space;
  }
  if (collapsed == " " && !separators_.empty()) return;
  Put(collapsed);
}

void HtmlFlow::Put(std::string_view text) {
  if (text.empty()) return;
  if (!separators_.empty()) take_(std::exchange(separators_, ""));
  cell_line_ended_ = false;
  take_(text);
  at_start_ = text.ends_with('\n');
}

}  // namespace shoumi::inspect
