#include "agent/inspect/extract/html/html.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/ascii.h"
#include "agent/inspect/extract/html/attributes.h"
#include "agent/inspect/extract/html/meta_charset.h"
#include "agent/inspect/extract/html/reader.h"
#include "agent/inspect/extract/text/charset.h"
#include "agent/inspect/extract/text/reader.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kStartBytes = 16 << 10;  // a licence may stand before the first tag

// The start of a document in lower case, without its mark; UTF-16 and UTF-32 narrowed to ASCII.
std::string Start(std::string_view head) {
  head = head.substr(0, kStartBytes);
  const Detection detected = DetectStart(head);
  head.remove_prefix(std::min(detected.mark_bytes, head.size()));
  std::string start;
  std::copy_if(head.begin(), head.end(), std::back_inserter(start),
               [](char c) { return c != '\0'; });
  absl::AsciiStrToLower(&start);
  return start;
}

// Past white space, comments and what XML has before its root.
std::string_view FirstTag(std::string_view start) {
  bool xml = false;
  while (true) {
    start.remove_prefix(std::min(start.find_first_not_of(" \t\r\n"), start.size()));
    std::string_view end;
    if (start.starts_with("<!--")) {
      end = start.substr(4).starts_with('>') ? ">" : "-->";
    } else if (start.starts_with("<?")) {
      end = "?>";
      xml = true;
    } else {
      return start;
    }
    const size_t at = start.find(end);
    // A comment that goes on for so long stands before HTML (WHATWG MIME Sniffing, 7.1).
    if (at == std::string_view::npos) return xml ? "" : "<html>";
    start.remove_prefix(at + end.size());
  }
}

bool Detect(std::string_view head, Source&) {
  const std::string start = Start(head);
  const std::string_view tag = FirstTag(start);
  // XML is HTML by its root only.
  const bool xml = start.find("<?xml") < 4;
  for (const std::string_view name : {"<!doctype html",
                                      "<html",
                                      "<head",
                                      "<body",
                                      "<meta",
                                      "<title",
                                      "<table",
                                      "<div",
                                      "<p",
                                      "<span",
                                      "<style",
                                      "<script",
                                      "<font",
                                      "<h1",
                                      "<h2",
                                      "<h3",
                                      "<h4",
                                      "<h5",
                                      "<h6",
                                      "<br",
                                      "<hr",
                                      "<center",
                                      "<link",
                                      "<base",
                                      "<ul",
                                      "<ol",
                                      "<li",
                                      "<dl",
                                      "<a",
                                      "<b",
                                      "<i",
                                      "<u",
                                      "<em",
                                      "<strong",
                                      "<small",
                                      "<sub",
                                      "<sup",
                                      "<code",
                                      "<tr",
                                      "<td",
                                      "<th",
                                      "<img",
                                      "<form",
                                      "<input",
                                      "<button",
                                      "<label",
                                      "<select",
                                      "<section",
                                      "<article",
                                      "<main",
                                      "<header",
                                      "<footer",
                                      "<nav",
                                      "<aside",
                                      "<figure",
                                      "<details",
                                      "<pre",
                                      "<iframe",
                                      "<frameset",
                                      "<noscript",
                                      "<textarea",
                                      "<xmp",
                                      "<blockquote",
                                      "<template",
                                      "<marquee",
                                      "<tbody",
                                      "<thead",
                                      "<ruby"}) {
    if (!tag.starts_with(name) || (xml && !name.ends_with("html"))) continue;
    const char behind = tag.size() > name.size() ? tag[name.size()] : '\0';
    if (behind == '>' || behind == '/' || IsHtmlSpace(behind)) {
      return true;
    }
  }
  return false;
}

void Extract(Source& source, Context& context) {
  std::array<char, kStartBytes> head;
  const absl::StatusOr<size_t> got = source.ReadAt(source.NextData(0), head);
  HtmlReader html(context);
  TextReader text(source, context, [&](std::string_view utf8) { html.Take(utf8); });
  if (got.ok()) text.Declare(MetaCharset(Start({head.data(), *got})));
  text.Run();
  html.Finish();
  uint32_t number = 0;
  for (const std::string& bytes : html.data()) {
    const std::string name = fmt::format("data {}", ++number);
    if (!context.SpendEntry(name) || !context.SpendBytes(bytes.size(), name)) return;
    const auto content = MakeMemorySource(bytes);
    context.Nested(name, *content);
  }
}

}  // namespace

const Format kHtmlFormat = {"html", "text/html", Detect, Extract};

}  // namespace shoumi::inspect
