#pragma once

#include <cstddef>
#include <string_view>

namespace shoumi::inspect {

// ASCII white space as HTML has it: a vertical tab is none.
inline constexpr std::string_view kHtmlSpaces = " \t\r\n\f";
constexpr bool IsHtmlSpace(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

// Where a tag that starts at `rest` ends, behind its '>'; npos when that is not there yet. A quote
// opens a value only behind the '=' of an attribute that has a name (HTML, 13.2.5.32 to 37).
size_t EndOfTag(std::string_view rest);

// The attributes of a tag (HTML, 13.2.5.32 to 40), one by one.
class HtmlAttributes {
 public:
  // `text` is what stands in the tag behind its name, and outlives this.
  explicit HtmlAttributes(std::string_view text) : text_(text) {}
  // False when there are no more.
  bool Next();
  // As they stand.
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] std::string_view value() const { return value_; }
  [[nodiscard]] bool has_value() const { return has_value_; }

 private:
  void SkipSpace(bool slashes);

  std::string_view text_;
  std::string_view name_;
  std::string_view value_;
  bool has_value_ = false;
};

}  // namespace shoumi::inspect
