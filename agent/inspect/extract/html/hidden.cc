#include "agent/inspect/extract/html/hidden.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "absl/strings/ascii.h"
#include "agent/inspect/extract/html/attributes.h"
#include "agent/inspect/extract/html/flow.h"

namespace shoumi::inspect {
namespace {

bool Is(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// HTML, 13.1.2.
bool IsVoid(std::string_view name) {
  return Is(name, {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta",
                   "param", "source", "track", "wbr", "basefont", "bgsound", "frame", "keygen"});
}

// By its name; what scripts or players show in its stead is not there.
bool IsHidden(std::string_view name) {
  return Is(name, {"template", "noscript", "rp", "canvas", "audio", "video"});
}

}  // namespace

void HtmlHidden::Start(std::string_view name, bool hides) {
  if (EndsBefore(name)) open_.clear();
  if (!open_.empty()) {
    if (open_.size() < kDepthMax && !IsVoid(name)) open_.emplace_back(name);
    return;
  }
  // A page that hides all of itself is shown by a script.
  hides = (hides && !Is(name, {"html", "head", "body"})) || IsHidden(name);
  if ((!hides && !Is(name, {"rt", "rtc"})) || IsVoid(name)) return;
  place_ = hides ? Place::kHidden : Place::kRuby;
  open_.emplace_back(name);
}

bool HtmlHidden::End(std::string_view name) {
  if (open_.empty()) return false;
  const auto found = std::find(open_.rbegin(), open_.rend(), name);
  if (found != open_.rend()) {
    open_.erase(found.base() - 1, open_.end());
    return false;
  }
  const bool around = name == "ruby" || (IsHtmlBlock(name) && !Is(name, {"p", "br"})) ||
                      IsHtmlRow(name) || IsHtmlCell(name);
  if (around) open_.clear();
  return around;
}

bool HtmlHidden::IsOpen(std::initializer_list<std::string_view> names) const {
  return std::any_of(open_.begin() + 1, open_.end(),
                     [&](const auto& one) { return Is(one, names); });
}

// Elements whose end may be left unsaid (HTML, 13.1.2.4).
bool HtmlHidden::EndsBefore(std::string_view name) const {
  if (open_.empty()) return false;
  const std::string_view hidden = open_.front();
  if (hidden == "p") return IsHtmlBlock(name) && !Is(name, {"option", "optgroup", "br"});
  if (hidden == "li") return name == "li" && !IsOpen({"ul", "ol", "menu", "dir"});
  if (Is(hidden, {"dt", "dd"})) return Is(name, {"dt", "dd"}) && !IsOpen({"dl"});
  if (Is(hidden, {"option", "optgroup"})) return name == "optgroup" || name == hidden;
  if (Is(hidden, {"rt", "rtc", "rp"})) return Is(name, {"rb", "rt", "rtc", "rp"});
  if (Is(hidden, {"td", "th", "tr"})) {
    const bool row = Is(name, {"tr", "tbody", "thead", "tfoot"});
    return (row || (hidden != "tr" && IsHtmlCell(name))) && !IsOpen({"table"});
  }
  return false;
}

bool HidesElement(std::string_view name, std::string_view value) {
  if (name == "hidden") return true;
  if (name != "style") return false;
  std::string style;
  std::copy_if(value.begin(), value.end(), std::back_inserter(style),
               [](char c) { return !IsHtmlSpace(c); });
  absl::AsciiStrToLower(&style);
  for (const std::string_view hiding :
       {"display:none", "visibility:hidden", "font-size:0", "opacity:0"}) {
    const size_t at = style.find(hiding);
    if (at == std::string::npos) continue;
    const size_t behind = at + hiding.size();
    if (behind == style.size() ||
        (style[behind] != '.' && !absl::ascii_isdigit(static_cast<unsigned char>(style[behind])))) {
      return true;
    }
  }
  return false;
}

}  // namespace shoumi::inspect
