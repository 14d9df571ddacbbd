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

void HtmlAttributes::SkipSpace(bool slashes) {
  size_t at = 0;
  while (at < text_.size() && (IsHtmlSpace(text_[at]) || (slashes && text_[at] == '/'))) ++at;
  text_.remove_prefix(at);
}

bool HtmlAttributes::Next() {
  SkipSpace(true);
  if (text_.empty()) return false;
  const auto ends_name = [](char c) { return IsHtmlSpace(c) || c == '/' || c == '='; };
  const auto end = std::find_if(text_.begin() + 1, text_.end(), ends_name);
  name_ = {text_.begin(), end};
  text_.remove_prefix(name_.size());
  SkipSpace(false);
  has_value_ = text_.starts_with('=');
  value_ = {};
  if (!has_value_) return true;
  text_.remove_prefix(1);
  SkipSpace(false);
  if (text_.empty()) return true;
  const bool quoted = text_.front() == '"' || text_.front() == '\'';
  const size_t from = quoted ? 1 : 0;
  const auto space = [&] {
    return static_cast<size_t>(std::find_if(text_.begin(), text_.end(), IsHtmlSpace) -
                               text_.begin());
  };
  const size_t to = quoted ? std::min(text_.find(text_.front(), 1), text_.size()) : space();
  value_ = text_.substr(from, to - from);
  text_.remove_prefix(std::min(to + from, text_.size()));
  return true;
}

}  // namespace shoumi::inspect
