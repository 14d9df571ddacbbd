#include "agent/inspect/extract/html/reader.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "agent/inspect/extract/html/entities.h"

namespace shoumi::inspect {
namespace {

constexpr std::string_view kDoctype = "!doctype";
constexpr std::string_view kData = "data:";
constexpr size_t kReferenceBytesMax = 16;
constexpr size_t kSeparatorsMax = 1024;  // of cells without text

bool Is(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Elements before and behind which a line ends.
bool IsBlock(std::string_view name) {
  return Is(name, {"p",          "div",      "br",       "hr",      "h1",     "h2",      "h3",
                   "h4",         "h5",       "h6",       "ul",      "ol",     "li",      "table",
                   "dl",         "dt",       "dd",       "pre",     "form",   "section", "article",
                   "header",     "footer",   "main",     "nav",     "aside",  "figure",  "address",
                   "blockquote", "fieldset", "legend",   "option",  "select", "body",    "html",
                   "figcaption", "details",  "textarea", "summary", "center"});
}

bool IsRow(std::string_view name) {
  return Is(name, {"tr", "table", "caption"});
}

bool IsCell(std::string_view name) {
  return Is(name, {"td", "th"});
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  absl::AsciiStrToLower(&lower);
  return lower;
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

// Where a tag that starts at `rest` ends, behind its '>'; npos when that is not there yet. A quote
// counts where a value may begin (HTML, 13.2.5).
size_t EndOfTag(std::string_view rest) {
  char quote = 0;
  bool value = false;
  for (size_t i = 1; i < rest.size(); ++i) {
    const char c = rest[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (value && (c == '"' || c == '\'')) {
      quote = c;
      value = false;
    } else if (c == '>') {
      return i + 1;
    } else if (c == '=') {
      value = true;
    } else if (!absl::ascii_isspace(static_cast<unsigned char>(c))) {
      value = false;
    }
  }
  return std::string_view::npos;
}

// `needle` is in lower case.
size_t FindNoCase(std::string_view text, std::string_view needle) {
  const auto same = [](char a, char b) {
    return a == b || (a >= 'A' && a <= 'Z' && static_cast<char>(a | 0x20) == b);
  };
  const auto found = std::search(text.begin(), text.end(), needle.begin(), needle.end(), same);
  return found == text.end() ? std::string_view::npos : static_cast<size_t>(found - text.begin());
}

}  // namespace

HtmlReader::HtmlReader(Context& context)
    : pages_(context, FirstPageSplitter::kDocumentLines, FirstPageSplitter::kDocumentBytes),
      asides_(context) {}

void HtmlReader::Take(std::string_view text) {
  std::string joined;
  if (!kept_.empty()) {
    joined = std::exchange(kept_, "");
    joined.append(text);
    text = joined;
  }
  while (!text.empty()) {
    const size_t taken = Step(text, false);
    if (taken == 0) break;
    text.remove_prefix(taken);
  }
  kept_ = text;
}

void HtmlReader::Finish() {
  const std::string rest = std::exchange(kept_, "");
  std::string_view text = rest;
  while (!text.empty()) text.remove_prefix(Step(text, true));
  pages_.Finish();
  asides_.Emit();
}

// The bytes that were dealt with; 0 when more of the document has to come first.
size_t HtmlReader::Step(std::string_view rest, bool last) {
  if (!raw_.empty()) return Raw(rest, last);
  if (rest.front() == '<') return Markup(rest, last);
  size_t end = std::min(rest.find('<'), rest.size());
  if (end == rest.size() && !last) {
    // A reference may be cut.
    const size_t start = rest.rfind('&');
    if (start != std::string_view::npos && rest.size() - start < kReferenceBytesMax) end = start;
  }
  Text(rest.substr(0, end));
  return end;
}

size_t HtmlReader::Markup(std::string_view rest, bool last) {
  const bool wait = !last && rest.size() < kTagBytesMax;
  if (rest.size() < 4 && wait) return 0;
  const auto second = static_cast<unsigned char>(rest.size() > 1 ? rest[1] : 0);
  if (rest.starts_with("<!--")) {
    const size_t end = rest.find("-->", 4);
    if (end == std::string_view::npos && wait) return 0;
    const size_t from = 4;
    Aside("comments", v1::PART_KIND_COMMENT, rest.substr(from, std::min(end, rest.size()) - from));
    return end == std::string_view::npos ? rest.size() : end + 3;
  }
  const bool closing =
      second == '/' && rest.size() > 2 && absl::ascii_isalpha(static_cast<unsigned char>(rest[2]));
  if (!absl::ascii_isalpha(second) && !closing && second != '!' && second != '?') {
    Text(rest.substr(0, 1));
    return 1;
  }
  const size_t end = EndOfTag(rest);
  if (end == std::string_view::npos) {
    if (wait) return 0;
    // Nothing of it is looked at twice where no tag can end any more.
    const size_t text = rest.find('>') == std::string_view::npos ? rest.size() : 1;
    Text(rest.substr(0, text));
    return text;
  }
  const std::string_view tag = rest.substr(1, end - 2);
  if (second == '!' || second == '?') {
    if (Lower(tag.substr(0, kDoctype.size())) != kDoctype) {
      Aside("comments", v1::PART_KIND_COMMENT, tag.substr(1));
    }
  } else {
    Tag(tag);
  }
  return end;
}

size_t HtmlReader::Raw(std::string_view rest, bool last) {
  const std::string closing = "</" + raw_;
  size_t end = FindNoCase(rest, closing);
  const bool found = end != std::string_view::npos;
  if (!found) {
    end = last ? rest.size() : rest.size() - std::min(rest.size(), closing.size());
    if (end == 0 && !last) return 0;
  }
  if (end > 0) asides_.Append(aside_, rest.substr(0, end));
  if (!found) return end;
  raw_.clear();
  if (end > 0) return end;
  return Markup(rest, last);
}

void HtmlReader::Tag(std::string_view tag) {
  const bool closing = tag.front() == '/';
  if (closing) tag.remove_prefix(1);
  const size_t end = std::min(tag.find_first_of(" \t\r\n\f/"), tag.size());
  const std::string name = Lower(tag.substr(0, end));
  if (closing) return EndElement(name);
  Attributes(tag.substr(end));
  if (!tag.ends_with('/') || !Is(name, {"script", "style", "title"})) StartElement(name);
}

void HtmlReader::Attributes(std::string_view text) {
  const auto skip = [&](std::string_view characters) {
    text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
  };
  while (true) {
    skip(" \t\r\n\f/");
    if (text.empty()) return;
    const size_t end = std::min(text.find_first_of(" \t\r\n\f/=", 1), text.size());
    const std::string name = Lower(text.substr(0, end));
    text.remove_prefix(end);
    skip(" \t\r\n\f");
    if (!text.starts_with('=')) {
      if (!IsAscii(name)) Attribute(name, name);
      continue;
    }
    text.remove_prefix(1);
    skip(" \t\r\n\f");
    if (text.empty()) return;
    const bool quoted = text.front() == '"' || text.front() == '\'';
    const size_t from = quoted ? 1 : 0;
    const size_t to = std::min(
        quoted ? text.find(text.front(), 1) : text.find_first_of(" \t\r\n\f"), text.size());
    Attribute(name, text.substr(from, to - from));
    text.remove_prefix(std::min(to + from, text.size()));
  }
}

void HtmlReader::Attribute(std::string_view name, std::string_view value) {
  if (Lower(value.substr(0, kData.size())) == kData) return Data(value);
  // About the look, or names of the page's own.
  if (Is(name, {"class", "style", "id", "width", "height"}) && IsAscii(value)) return;
  const std::string text = WithoutReferences(value);
  if (name == "content") return Aside("properties", v1::PART_KIND_PROPERTY, text);
  Aside("attributes", v1::PART_KIND_COMMENT, text);
}

void HtmlReader::Data(std::string_view address) {
  const size_t comma = std::min(address.find(','), address.size());
  const std::string_view type = address.substr(0, comma);
  std::string content(address.substr(std::min(comma + 1, address.size())));
  if (!asides_.Hold(content.size())) return;
  if (Lower(type).ends_with(";base64")) {
    std::string bytes;
    if (absl::Base64Unescape(content, &bytes)) content = std::move(bytes);
  }
  data_.push_back(std::move(content));
}

void HtmlReader::StartElement(std::string_view name) {
  if (IsRow(name)) {
    BreakRow();
  } else if (IsBlock(name)) {
    BreakLine();
  } else if (IsCell(name)) {
    if (in_cell_) EndCell();  // as HTML may leave it unsaid
    in_cell_ = true;
  } else if (name == "title") {
    in_title_ = true;
    aside_ = asides_.Open(name, v1::PART_KIND_PROPERTY, AsideParts::Naming::kJoined);
  } else if (Is(name, {"script", "style"})) {
    raw_ = name;
    in_title_ = false;
    aside_ = asides_.Open(name, v1::PART_KIND_COMMENT, AsideParts::Naming::kJoined);
  }
  if (Is(name, {"pre", "textarea"})) ++preformatted_;
}

void HtmlReader::EndElement(std::string_view name) {
  if (IsRow(name)) {
    BreakRow();
  } else if (IsBlock(name)) {
    BreakLine();
  } else if (IsCell(name)) {
    if (in_cell_) EndCell();
    in_cell_ = false;
  } else if (name == "title") {
    in_title_ = false;
  }
  if (Is(name, {"pre", "textarea"}) && preformatted_ > 0) --preformatted_;
}

// The line of a cell that has only just begun goes on with the row.
void HtmlReader::BreakLine() {
  space_ = true;
  if (!separators_.empty() || at_start_) return;
  separators_ = "\n";
  cell_line_ended_ = in_cell_;
}

void HtmlReader::BreakRow() {
  space_ = true;
  in_cell_ = cell_line_ended_ = false;
  separators_ = at_start_ ? "" : "\n";
}

void HtmlReader::EndCell() {
  space_ = true;
  if (std::exchange(cell_line_ended_, false)) separators_.clear();
  if (separators_.size() < kSeparatorsMax) separators_ += '\t';
}

// Outside of what is preformatted white space counts once (CSS Text 3, 4.1.1).
void HtmlReader::Text(std::string_view raw) {
  const std::string text = WithoutReferences(raw);
  if (in_title_) return asides_.Append(aside_, text);
  if (preformatted_ > 0) return Put(text);
  std::string collapsed;
  collapsed.reserve(text.size());
  for (const char c : text) {
    const bool space = absl::ascii_isspace(static_cast<unsigned char>(c));
    if (space && space_) continue;
    collapsed.push_back(space ? ' ' : c);
    space_ = space;
  }
  if (collapsed == " " && !separators_.empty()) return;
  Put(collapsed);
}

void HtmlReader::Put(std::string_view text) {
  if (text.empty()) return;
  pages_.Append(separators_);
  separators_.clear();
  cell_line_ended_ = false;
  pages_.Append(text);
  at_start_ = text.ends_with('\n');
}

void HtmlReader::Aside(std::string_view part, v1::PartKind kind, std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return;
  asides_.Append(asides_.Open(part, kind, AsideParts::Naming::kJoined), text);
}

}  // namespace shoumi::inspect
