#include "agent/inspect/extract/html/attributes.h"

#include <algorithm>

namespace shoumi::inspect {
namespace {

constexpr std::string_view kSpaces = " \t\r\n\f";

}  // namespace

void HtmlAttributes::Skip(std::string_view characters) {
  text_.remove_prefix(std::min(text_.find_first_not_of(characters), text_.size()));
}

bool HtmlAttributes::Next() {
  Skip(" \t\r\n\f/");
  if (text_.empty()) return false;
  const size_t end = std::min(text_.find_first_of(" \t\r\n\f/=", 1), text_.size());
  name_ = text_.substr(0, end);
  text_.remove_prefix(end);
  Skip(kSpaces);
  has_value_ = text_.starts_with('=');
  value_ = {};
  if (!has_value_) return true;
  text_.remove_prefix(1);
  Skip(kSpaces);
  if (text_.empty()) return true;
  const bool quoted = text_.front() == '"' || text_.front() == '\'';
  const size_t from = quoted ? 1 : 0;
  const size_t to =
      std::min(quoted ? text_.find(text_.front(), 1) : text_.find_first_of(kSpaces), text_.size());
  value_ = text_.substr(from, to - from);
  text_.remove_prefix(std::min(to + from, text_.size()));
  return true;
}

}  // namespace shoumi::inspect
