#include "agent/inspect/extract/html/attributes.h"

#include <algorithm>
#include <cstdint>

namespace shoumi::inspect {

size_t EndOfTag(std::string_view rest) {
  enum class In : uint8_t { kTagName, kBetween, kName, kBehindName, kBeforeValue, kValue };
  In in = In::kTagName;
  for (size_t i = 1; i < rest.size(); ++i) {
    const char c = rest[i];
    const bool space = IsHtmlSpace(c);
    if (in == In::kBeforeValue && (c == '"' || c == '\'')) {
      i = rest.find(c, i + 1);
      if (i == std::string_view::npos) return i;
      in = In::kBetween;
      continue;
    }
    if (c == '>') return i + 1;
    switch (in) {
      case In::kTagName:
      case In::kValue:
        if (space || (in == In::kTagName && c == '/')) in = In::kBetween;
        break;
      case In::kBetween:
        if (!space && c != '/') in = In::kName;  // an '=' is the first of a name here
        break;
      case In::kName:
      case In::kBehindName:
        in = c == '='   ? In::kBeforeValue
             : c == '/' ? In::kBetween
             : space    ? In::kBehindName
                        : In::kName;
        break;
      case In::kBeforeValue:
        if (!space) in = In::kValue;
        break;
    }
  }
  return std::string_view::npos;
}

void HtmlAttributes::Skip(std::string_view characters) {
  text_.remove_prefix(std::min(text_.find_first_not_of(characters), text_.size()));
}

bool HtmlAttributes::Next() {
  Skip(" \t\r\n\f/");
  if (text_.empty()) return false;
  const size_t end = std::min(text_.find_first_of(" \t\r\n\f/=", 1), text_.size());
  name_ = text_.substr(0, end);
  text_.remove_prefix(end);
  Skip(kHtmlSpaces);
  has_value_ = text_.starts_with('=');
  value_ = {};
  if (!has_value_) return true;
  text_.remove_prefix(1);
  Skip(kHtmlSpaces);
  if (text_.empty()) return true;
  const bool quoted = text_.front() == '"' || text_.front() == '\'';
  const size_t from = quoted ? 1 : 0;
  const size_t to = std::min(
      quoted ? text_.find(text_.front(), 1) : text_.find_first_of(kHtmlSpaces), text_.size());
  value_ = text_.substr(from, to - from);
  text_.remove_prefix(std::min(to + from, text_.size()));
  return true;
}

}  // namespace shoumi::inspect
