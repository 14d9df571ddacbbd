#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/inspect/extract/aside_parts.h"
#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/first_page.h"
#include "agent/inspect/extract/html/flow.h"
#include "agent/inspect/extract/html/hidden.h"
#include "agent/inspect/extract/text/escapes.h"

namespace shoumi::inspect {

// The text that an HTML document shows, as it flows, and what it does not show (hidden elements,
// attributes, scripts, styles, comments, its title) or shows above the line in parts behind it.
// Forgiving, as browsers are; nothing that is no mark-up is dropped.
class HtmlReader {
 public:
  static constexpr size_t kTagBytesMax = 4 << 20;  // a longer one is text

  explicit HtmlReader(Context& context);

  // The document in order, as UTF-8.
  void Take(std::string_view text);
  // Ends the parts. Call once, behind the last Take().
  void Finish();
  // What data: addresses hold (RFC 2397), decoded, and documents in attributes, in order.
  [[nodiscard]] const std::vector<std::string>& data() const { return data_; }

 private:
  size_t Step(std::string_view rest, bool last);
  size_t Markup(std::string_view rest, bool last);
  size_t Comment(std::string_view rest, bool wait);
  size_t Raw(std::string_view rest, bool last);
  void RawText(std::string_view text);
  void EndRaw();
  void Tag(std::string_view tag);
  bool Attributes(std::string_view text);
  void Attribute(std::string_view name, std::string_view value);
  void Data(std::string_view address);
  void StartElement(std::string_view name, bool hides);
  void StartRaw(std::string_view name);
  void EndElement(std::string_view name);
  HtmlFlow& Flow();
  bool InTime();
  void Append(std::string_view name, std::optional<size_t>& part, std::string_view text);
  void Aside(std::string_view part, v1::PartKind kind, std::string_view text);

  Context& context_;
  FirstPageSplitter pages_;
  AsideParts asides_;
  std::string kept_;  // mark-up that is cut
  std::string raw_;   // the element whose content is none of HTML: "script"
  Unescaper script_{Unescaper::Language::kScript};
  Unescaper style_{Unescaper::Language::kCss};
  std::vector<std::string> data_;
  bool raw_aside_ = false;  // it is not shown where it stands
  bool xml_ = false;        // "/>" ends an element
  size_t aside_ = 0;        // of asides_: the script, style or title that is being read
  uint32_t steps_ = 0;
  HtmlHidden hidden_;
  std::optional<size_t> hidden_part_;  // of asides_
  std::optional<size_t> ruby_part_;
  HtmlFlow shown_;
  HtmlFlow not_shown_;
  HtmlFlow ruby_;
};

}  // namespace shoumi::inspect
