#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/inspect/extract/aside_parts.h"
#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/first_page.h"
#include "agent/inspect/extract/text/escapes.h"

namespace shoumi::inspect {

// The text that an HTML document shows, as it flows, and what it does not show (attributes,
// scripts, styles, comments, its title) in parts behind it. Forgiving, as browsers are; nothing
// that is no mark-up is dropped.
class HtmlReader {
 public:
  static constexpr size_t kTagBytesMax = 4 << 20;  // a longer one is text

  explicit HtmlReader(Context& context);

  // The document in order, as UTF-8.
  void Take(std::string_view text);
  // Ends the parts. Call once, behind the last Take().
  void Finish();
  // What data: addresses hold (RFC 2397), decoded, in order.
  [[nodiscard]] const std::vector<std::string>& data() const { return data_; }

 private:
  size_t Step(std::string_view rest, bool last);
  size_t Markup(std::string_view rest, bool last);
  size_t Comment(std::string_view rest, bool wait);
  size_t Raw(std::string_view rest, bool last);
  void RawText(std::string_view text);
  void Tag(std::string_view tag);
  void Attributes(std::string_view text);
  void Attribute(std::string_view name, std::string_view value);
  void Data(std::string_view address);
  void StartElement(std::string_view name);
  void StartRaw(std::string_view name);
  void EndElement(std::string_view name);
  void Text(std::string_view raw);
  void BreakLine();
  void BreakRow();
  void EndCell();
  void Put(std::string_view text);
  void Aside(std::string_view part, v1::PartKind kind, std::string_view text);

  FirstPageSplitter pages_;
  AsideParts asides_;
  std::string kept_;  // mark-up that is cut
  std::string raw_;   // the element whose content is none of HTML: "script"
  Unescaper script_;  // of strings in a script
  std::vector<std::string> data_;
  bool raw_aside_ = false;  // it is not shown where it stands
  size_t aside_ = 0;        // of asides_: the script, style or title that is being read
  uint32_t preformatted_ = 0;
  std::string separators_;  // before the next text
  bool in_cell_ = false;
  bool cell_line_ended_ = false;
  bool at_start_ = true;  // of a line
  bool space_ = true;     // the line ends with one so far
};

}  // namespace shoumi::inspect
