#include "agent/inspect/extract/html/reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "agent/inspect/extract/html/attributes.h"
#include "agent/inspect/extract/html/entities.h"

namespace shoumi::inspect {
namespace {

constexpr std::string_view kDoctype = "doctype html";
constexpr std::string_view kPlainText = "plaintext";
constexpr std::string_view kData = "data:";
constexpr size_t kReferenceBytesMax = 64;  // that a block may cut: names, or leading zeros
constexpr size_t kNumberDigitsMin = 7;     // shorter ones are counters
constexpr uint32_t kStepsPerLook = 64;     // at the clock; a step is a tag or a text

bool Is(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Attributes that say something by being there (HTML, attributes index: boolean ones).
bool IsKnownFlag(std::string_view name) {
  return Is(name, {"allowfullscreen", "async",    "autofocus", "autoplay",   "checked",
                   "controls",        "default",  "defer",     "disabled",   "formnovalidate",
                   "hidden",          "inert",    "ismap",     "itemscope",  "loop",
                   "multiple",        "muted",    "nomodule",  "novalidate", "open",
                   "playsinline",     "readonly", "required",  "reversed",   "selected",
                   "nowrap",          "noshade",  "compact",   "declare",    "noresize"});
}

// A name that is more than one of an element: <h1>, <o:p> and <my-part> are not, <a@b.example> is.
bool SaysSomething(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '-' || c == ':'; };
  const auto others =
      std::count_if(name.begin(), name.end(), [&](char c) { return !is_letter(c); });
  return others > 1 ||
         (others == 1 && !absl::ascii_isdigit(static_cast<unsigned char>(name.back())));
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  absl::AsciiStrToLower(&lower);
  return lower;
}

std::string_view::const_iterator AddressStart(std::string_view text) {
  return std::find_if(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) > ' '; });
}

// By its first letter.
bool MayBeData(std::string_view text) {
  const auto start = AddressStart(text);
  return start != text.end() && (*start == 'd' || *start == 'D');
}

// As browsers take it (WHATWG URL, 4.4): without what stands before it, tabs and line ends.
std::string Address(std::string_view text) {
  const auto start = AddressStart(text);
  std::string address;
  std::copy_if(start, text.end(), std::back_inserter(address),
               [](char c) { return c != '\t' && c != '\n' && c != '\r'; });
  return address;
}

// RFC 3986, 2.1; a '%' without two digits stays.
std::string WithoutPercent(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    uint8_t byte = 0;
    const char* const from = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(from, from + 2, byte, 16).ptr == from + 2) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// find_first_of() calls for each byte.
bool IsQuoteOrEscape(char c) {
  return c == '&' || c == '\\' || c == '"' || c == '\'';
}

// More than a name that programs give: characters, a number of seven digits, an address of mail.
bool HasContent(std::string_view text) {
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0x80) != 0 || (text[i] == '@' && i > 0)) return true;
    digits = absl::ascii_isdigit(static_cast<unsigned char>(text[i])) ? digits + 1 : 0;
    if (digits == kNumberDigitsMin) return true;
  }
  return false;
}

bool EndsName(char c) {
  return c == '>' || c == '/' || IsHtmlSpace(c);
}

// Without a character that is cut at the end.
size_t WholeCharacters(std::string_view text) {
  size_t size = text.size();
  while (size > 0 && (static_cast<unsigned char>(text[size - 1]) & 0xC0U) == 0x80U) --size;
  if (size > 0 && static_cast<unsigned char>(text[size - 1]) >= 0xC0U) --size;
  return size == 0 ? text.size() : size;
}

// Without what may be the beginning of an end tag, of `bytes`, or of a reference.
size_t WithoutCut(std::string_view text, size_t bytes) {
  size_t size = text.size() - std::min(text.size(), bytes);
  const size_t reference = text.rfind('&', size);
  if (reference != std::string_view::npos &&
      size - std::min(size, reference) < kReferenceBytesMax) {
    size = std::min(size, reference);
  }
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U)
    --size;
  return size;
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
    : context_(context),
      pages_(context, FirstPageSplitter::kDocumentLines, FirstPageSplitter::kDocumentBytes),
      asides_(context),
      shown_([this](std::string_view text) { pages_.Append(text); }),
      not_shown_([this](std::string_view text) { Append("hidden", hidden_part_, text); }),
      ruby_([this](std::string_view text) { Append("ruby", ruby_part_, text); }) {}

void HtmlReader::Take(std::string_view text) {
  std::string joined;
  if (!kept_.empty()) {
    joined = std::exchange(kept_, "");
    joined.append(text);
    text = joined;
  }
  while (!text.empty()) {
    if (!InTime()) return;
    const size_t taken = Step(text, false);
    if (taken == 0) break;
    text.remove_prefix(taken);
  }
  kept_ = text;
}

void HtmlReader::Finish() {
  const std::string rest = std::exchange(kept_, "");
  std::string_view text = rest;
  while (!text.empty() && InTime()) text.remove_prefix(Step(text, true));
  EndRaw();
  pages_.Finish();
  asides_.Emit();
}

bool HtmlReader::InTime() {
  return ++steps_ % kStepsPerLook != 0 || context_.InTime("");
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
  Flow().Text(WithoutReferences(rest.substr(0, end)));
  return end;
}

size_t HtmlReader::Markup(std::string_view rest, bool last) {
  const bool wait = !last && rest.size() < kTagBytesMax;
  if (rest.size() < 4 && wait) return 0;
  const auto second = static_cast<unsigned char>(rest.size() > 1 ? rest[1] : 0);
  if (rest.starts_with("<!--")) return Comment(rest, wait);
  const bool end_tag = second == '/' && rest.size() > 2;
  const bool closing = end_tag && absl::ascii_isalpha(static_cast<unsigned char>(rest[2]));
  // Others are comments to browsers (13.2.5.6, 7 and 41), "</>" is nothing.
  if (second == '!' || second == '?' || (end_tag && !closing)) {
    const size_t end = rest.find('>');
    if (end == std::string_view::npos && wait) return 0;
    if (rest.starts_with("<?xml")) xml_ = true;
    const std::string_view inside = rest.substr(2, std::min(end, rest.size()) - 2);
    if (Lower(inside) != kDoctype) Aside("comments", v1::PART_KIND_COMMENT, inside);
    return end == std::string_view::npos ? rest.size() : end + 1;
  }
  if (!absl::ascii_isalpha(second) && !closing) {
    Flow().Text(WithoutReferences(rest.substr(0, 1)));
    return 1;
  }
  const size_t end = EndOfTag(rest);
  if (end == std::string_view::npos) {
    if (wait) return 0;
    // All of it at once: another tag within it would be looked for as far again.
    const size_t whole = last ? rest.size() : WholeCharacters(rest);
    Flow().Text(WithoutReferences(rest.substr(0, whole)));
    return whole;
  }
  Tag(rest.substr(1, end - 2));
  return end;
}

// Ended by "-->" or "--!>", and at once by ">" or "->" (HTML, 13.2.5.43 to 51).
size_t HtmlReader::Comment(std::string_view rest, bool wait) {
  constexpr size_t kFrom = 4;
  size_t end = std::string_view::npos;
  size_t behind = rest.size();
  if (rest.substr(kFrom).starts_with('>') || rest.substr(kFrom).starts_with("->")) {
    end = kFrom;
    behind = rest.find('>') + 1;
  }
  for (size_t at = kFrom; end == std::string_view::npos; ++at) {
    at = rest.find("--", at);
    if (at == std::string_view::npos) break;
    const std::string_view tail = rest.substr(at + 2);
    if (!tail.starts_with('>') && !tail.starts_with("!>")) continue;
    end = at;
    behind = at + (tail.starts_with('>') ? 3 : 4);
  }
  if (end == std::string_view::npos && wait) return 0;
  Aside("comments", v1::PART_KIND_COMMENT, rest.substr(kFrom, std::min(end, rest.size()) - kFrom));
  return behind;
}

// Up to the end tag of the element; a longer name that begins with its is none.
size_t HtmlReader::Raw(std::string_view rest, bool last) {
  const std::string closing = "</" + raw_;
  size_t end = 0;
  bool found = false;
  bool cut = false;
  while (!found && raw_ != kPlainText) {
    const size_t at = FindNoCase(rest.substr(end), closing);
    if (at == std::string_view::npos) break;
    end += at;
    const size_t behind = end + closing.size();
    cut = behind >= rest.size() && !last;
    if (cut) break;
    found = behind >= rest.size() || EndsName(rest[behind]);
    if (!found) end = behind;
  }
  if (!found && !cut) end = last ? rest.size() : WithoutCut(rest, closing.size());
  if (end == 0 && !found) return 0;
  RawText(rest.substr(0, end));
  if (!found) return end;
  EndRaw();
  return end > 0 ? end : Markup(rest, last);
}

void HtmlReader::RawText(std::string_view text) {
  if (text.empty()) return;
  if (raw_ == "script") return asides_.Append(aside_, script_.Take(text, false));
  if (raw_ == "style") return asides_.Append(aside_, style_.Take(text, false));
  const bool references = Is(raw_, {"title", "textarea"});
  const std::string own = references ? WithoutReferences(text) : std::string(text);
  if (raw_aside_) return asides_.Append(aside_, own);
  Flow().Put(own);
}

void HtmlReader::EndRaw() {
  if (raw_ == "script") asides_.Append(aside_, script_.Take("", true));
  if (raw_ == "style") asides_.Append(aside_, style_.Take("", true));
  raw_.clear();
}

void HtmlReader::Tag(std::string_view tag) {
  const bool closing = tag.front() == '/';
  if (closing) tag.remove_prefix(1);
  const auto end =
      static_cast<size_t>(std::find_if(tag.begin(), tag.end(), EndsName) - tag.begin());
  const std::string name = Lower(tag.substr(0, end));
  // Browsers pass over them; what stands there goes along with the document all the same.
  if (SaysSomething(name)) Aside("attributes", v1::PART_KIND_COMMENT, tag.substr(0, end));
  const bool hides = Attributes(tag.substr(end));
  if (closing) return EndElement(name);
  const bool empty = xml_ && tag.ends_with('/');  // HTML knows no such mark (13.1.2.1)
  StartElement(name, hides);
  if (empty) return EndElement(name);
  StartRaw(name);
}

// Breaks are made where the text of the element goes.
void HtmlReader::StartElement(std::string_view name, bool hides) {
  if (name == "ruby") ruby_.BreakLine();
  const auto before = hidden_.place();
  hidden_.Start(name, hides);
  if (hidden_.place() == HtmlHidden::Place::kHidden && before != hidden_.place()) {
    not_shown_.BreakLine();
  }
  Flow().StartElement(name);
}

void HtmlReader::EndElement(std::string_view name) {
  HtmlFlow& within = Flow();
  const bool was_shown = hidden_.place() == HtmlHidden::Place::kShown;
  const bool ended = hidden_.End(name);
  within.EndElement(name);
  // One around it has ended with it.
  if (!was_shown && ended) shown_.EndElement(name);
}

HtmlFlow& HtmlReader::Flow() {
  switch (hidden_.place()) {
    case HtmlHidden::Place::kHidden:
      return not_shown_;
    case HtmlHidden::Place::kRuby:
      return ruby_;
    case HtmlHidden::Place::kShown:
      break;
  }
  return shown_;
}

// Whether they hide the element.
bool HtmlReader::Attributes(std::string_view text) {
  bool hides = false;
  HtmlAttributes attributes(text);
  while (attributes.Next()) {
    const std::string name = Lower(attributes.name());
    hides = hides || HidesElement(name, attributes.value());
    if (attributes.has_value()) {
      if (HasContent(name)) Aside("attributes", v1::PART_KIND_COMMENT, attributes.name());
      Attribute(name, attributes.value());
    } else if (!IsKnownFlag(name)) {
      Attribute(name, attributes.name());
    }
  }
  return hides;
}

void HtmlReader::Attribute(std::string_view name, std::string_view value) {
  // About the look, or names of the page's own.
  if (Is(name, {"class", "style", "id", "width", "height"}) && !HasContent(value) &&
      std::none_of(value.begin(), value.end(), IsQuoteOrEscape)) {
    return;
  }
  const std::string text = WithoutReferences(value);
  if (MayBeData(text)) {
    const std::string address = Address(text);
    if (Lower(address.substr(0, kData.size())) == kData) return Data(address);
  }
  if (name == "srcdoc" && asides_.Hold(text.size())) return data_.push_back(text);
  if (name == "content") return Aside("properties", v1::PART_KIND_PROPERTY, text);
  const bool script = name.starts_with("on");
  if (!script && name != "style") return Aside("attributes", v1::PART_KIND_COMMENT, text);
  Unescaper unescaper(script ? Unescaper::Language::kScript : Unescaper::Language::kCss);
  Aside("attributes", v1::PART_KIND_COMMENT, unescaper.Take(text, true));
}

// RFC 2397, read as Fetch has it (6, data: URL processor).
void HtmlReader::Data(std::string_view address) {
  const size_t comma = std::min(address.find(','), address.size());
  std::string type = Lower(address.substr(0, comma));
  type.erase(std::remove(type.begin(), type.end(), ' '), type.end());
  std::string_view body = address.substr(std::min(comma + 1, address.size()));
  const bool base64 = type.ends_with(";base64");
  if (base64) {
    // A fragment is no part of the data; in text it may as well be some.
    const size_t fragment = std::min(body.find('#'), body.size());
    Aside("attributes", v1::PART_KIND_COMMENT, body.substr(fragment));
    body = body.substr(0, fragment);
  }
  if (!asides_.Hold(body.size())) return;
  std::string content = WithoutPercent(body);
  std::string bytes;
  if (base64 && absl::Base64Unescape(content, &bytes)) content = std::move(bytes);
  data_.push_back(std::move(content));
}

// Elements whose content is no mark-up (HTML, 13.2.6.4).
void HtmlReader::StartRaw(std::string_view name) {
  const bool shown = Is(name, {"textarea", "xmp", kPlainText});
  if (!shown && !Is(name, {"script", "style", "title", "iframe", "noembed", "noframes"})) return;
  raw_ = name;
  raw_aside_ = !shown;
  if (shown) return;
  aside_ = asides_.Open(name, name == "title" ? v1::PART_KIND_PROPERTY : v1::PART_KIND_COMMENT,
                        AsideParts::Naming::kJoined);
}

void HtmlReader::Append(std::string_view name, std::optional<size_t>& part, std::string_view text) {
  if (!part.has_value()) {
    part = asides_.Open(name, v1::PART_KIND_COMMENT, AsideParts::Naming::kJoined);
  }
  asides_.Append(*part, text);
}

void HtmlReader::Aside(std::string_view part, v1::PartKind kind, std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return;
  asides_.Append(asides_.Open(part, kind, AsideParts::Naming::kJoined), text);
}

}  // namespace shoumi::inspect
