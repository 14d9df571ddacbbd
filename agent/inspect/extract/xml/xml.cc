#include "agent/inspect/extract/xml/xml.h"

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>

#include "expat.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr int kChunkBytes = 64 << 10;
constexpr size_t kRootChunkBytes = 4096;
constexpr size_t kDeclarationBytes = 64;  // what one costs beside its text

std::string_view Local(std::string_view name) {
  const size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

class Parse {
 public:
  Parse(XmlHandler& handler, XML_Parser parser) : handler_(handler), parser_(parser) {
    XML_SetUserData(parser, this);
    XML_SetElementHandler(parser, OnStart, OnEnd);
    XML_SetCharacterDataHandler(parser, OnText);
    XML_SetStartDoctypeDeclHandler(parser, OnDoctype);
  }

  absl::Status Run(Source& source, Context& context);

 private:
  static Parse& Of(void* self) { return *static_cast<Parse*>(self); }
  static void OnStart(void* self, const char* name, const char** attributes) {
    Parse& parse = Of(self);
    if (++parse.depth_ > kXmlDepthMax) {
      parse.Stop(absl::ResourceExhaustedError(fmt::format("xml_depth_max {}", kXmlDepthMax)));
      return;
    }
    if (!parse.namespaces_.Enter(parse.depth_, attributes)) {
      parse.Stop(absl::ResourceExhaustedError(
          fmt::format("xml_namespace_bytes_max {}", XmlNamespaces::kBytesMax)));
      return;
    }
    parse.handler_.Start(Local(name), XmlAttributes(name, attributes, parse.namespaces_));
    parse.CheckDone();
  }
  static void OnEnd(void* self, const char* name) {
    Parse& parse = Of(self);
    parse.namespaces_.Leave(parse.depth_--);
    parse.handler_.End(Local(name));
    parse.CheckDone();
  }
  static void OnText(void* self, const char* text, int length) {
    Of(self).handler_.Characters({text, static_cast<size_t>(length)});
  }
  static void OnDoctype(void* self, const char*, const char*, const char*, int) {
    Of(self).Stop(absl::DataLossError("document type declaration"));
  }

  void CheckDone() {
    if (handler_.Done()) Stop(absl::OkStatus());
  }
  void Stop(absl::Status why) {
    if (stopped_) return;
    stopped_ = true;
    why_ = std::move(why);
    XML_StopParser(parser_, XML_FALSE);
  }

  XmlHandler& handler_;
  XML_Parser parser_;
  XmlNamespaces namespaces_;
  uint32_t depth_ = 0;
  bool stopped_ = false;
  absl::Status why_;
};

absl::Status Parse::Run(Source& source, Context& context) {
  uint64_t offset = 0;
  while (true) {
    if (!context.InTime("")) return absl::AbortedError("deadline");
    void* buffer = XML_GetBuffer(parser_, kChunkBytes);
    if (buffer == nullptr) return absl::ResourceExhaustedError("out of memory");
    const absl::StatusOr<size_t> got =
        source.ReadAt(offset, {static_cast<char*>(buffer), kChunkBytes});
    if (!got.ok()) return got.status();
    offset += *got;
    const bool last = *got == 0;
    if (XML_ParseBuffer(parser_, static_cast<int>(*got), last ? 1 : 0) == XML_STATUS_ERROR) {
      if (stopped_) return why_;
      return absl::DataLossError(
          fmt::format("xml: {}", XML_ErrorString(XML_GetErrorCode(parser_))));
    }
    if (last) return absl::OkStatus();
    const auto parsed =
        static_cast<uint64_t>(std::max<XML_Index>(0, XML_GetCurrentByteIndex(parser_)));
    if (offset - std::min(offset, parsed) > kXmlTokenBytesMax) {
      return absl::ResourceExhaustedError(fmt::format("xml_token_bytes_max {}", kXmlTokenBytesMax));
    }
  }
}

struct FreeParser {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

using ParserPtr = std::unique_ptr<std::remove_pointer_t<XML_Parser>, FreeParser>;

struct RootSearch {
  XML_Parser parser = nullptr;
  XmlRootElement root;
};

void OnRoot(void* self, const char* name, const char** attributes) {
  auto& search = *static_cast<RootSearch*>(self);
  XmlNamespaces namespaces;
  namespaces.Enter(1, attributes);
  search.root = {std::string(Local(name)), std::string(namespaces.Of(name))};
  XML_StopParser(search.parser, XML_FALSE);
}

// Whether the first character is the "<" of XML, in any encoding that the parser knows.
bool BeginsWithTag(std::string_view head) {
  const size_t at = head.find_first_not_of(std::string_view(" \t\r\n\0\xEF\xBB\xBF\xFE\xFF", 10));
  return at != std::string_view::npos && head[at] == '<';
}

}  // namespace

bool XmlNamespaces::Enter(uint32_t depth, const char** attributes) {
  for (const char** entry = attributes; *entry != nullptr; entry += 2) {
    const std::string_view name = entry[0];
    if (!name.starts_with("xmlns") || (name.size() > 5 && name[5] != ':')) continue;
    const std::string_view prefix = name.substr(std::min<size_t>(name.size(), 6));
    const std::string_view uri = entry[1];
    bytes_ += prefix.size() + uri.size() + kDeclarationBytes;
    if (bytes_ > kBytesMax) return false;
    declarations_.push_back({depth, std::string(prefix), std::string(uri)});
  }
  return true;
}

void XmlNamespaces::Leave(uint32_t depth) {
  while (!declarations_.empty() && declarations_.back().depth == depth) {
    const Declaration& last = declarations_.back();
    bytes_ -= last.prefix.size() + last.uri.size() + kDeclarationBytes;
    declarations_.pop_back();
  }
}

std::string_view XmlNamespaces::Of(std::string_view name) const {
  const size_t colon = name.rfind(':');
  const std::string_view prefix =
      colon == std::string_view::npos ? std::string_view() : name.substr(0, colon);
  const auto found = std::find_if(declarations_.rbegin(), declarations_.rend(),
                                  [&](const Declaration& one) { return one.prefix == prefix; });
  return found == declarations_.rend() ? std::string_view() : found->uri;
}

std::string_view XmlAttributes::GetIn(std::string_view uri, std::string_view local) const {
  const char* first = nullptr;
  for (const char** entry = list_; *entry != nullptr; entry += 2) {
    const std::string_view name = entry[0];
    if (!name.ends_with(local) || Local(name) != local) continue;
    // An attribute without prefix is of no namespace.
    if (name.size() > local.size() && namespaces_.Of(name) == uri) return entry[1];
    if (first == nullptr) first = entry[1];
  }
  return first == nullptr ? std::string_view() : first;
}

std::string_view XmlAttributes::Get(std::string_view local) const {
  for (const char** entry = list_; *entry != nullptr; entry += 2) {
    if (Local(entry[0]) == local) return entry[1];
  }
  return {};
}

absl::Status ParseXml(Source& source, Context& context, XmlHandler& handler) {
  const ParserPtr parser(XML_ParserCreate(nullptr));
  if (parser == nullptr) return absl::ResourceExhaustedError("out of memory");
  return Parse(handler, parser.get()).Run(source, context);
}

XmlRootElement FindXmlRoot(Source& source) {
  std::string chunk(kRootChunkBytes, '\0');
  RootSearch search;
  ParserPtr parser;
  for (uint64_t offset = 0; offset < kXmlPrologBytesMax;) {
    const absl::StatusOr<size_t> got = source.ReadAt(offset, chunk);
    if (!got.ok()) return {};
    if (parser == nullptr) {
      if (!BeginsWithTag({chunk.data(), *got})) return {};
      parser.reset(XML_ParserCreate(nullptr));
      if (parser == nullptr) return {};
      search.parser = parser.get();
      XML_SetUserData(parser.get(), &search);
      XML_SetStartElementHandler(parser.get(), OnRoot);
    }
    const bool last = *got == 0;
    const XML_Status parsed =
        XML_Parse(parser.get(), chunk.data(), static_cast<int>(*got), last ? 1 : 0);
    if (last || parsed != XML_STATUS_OK) return std::move(search.root);
    offset += *got;
    // The parser looks at what is not ended from its start again.
    chunk.resize(
        std::min<uint64_t>(offset, kXmlPrologBytesMax - std::min(offset, kXmlPrologBytesMax)));
  }
  search.root.beyond = true;
  return std::move(search.root);
}

XmlRootElement FindXmlRoot(Source& source, Context& context, std::string_view member) {
  XmlRootElement root = FindXmlRoot(source);
  if (root.beyond) {
    context.sink.Unscanned(context.PartName(member), v1::UNSCANNED_REASON_OVERSIZE,
                           fmt::format("xml_prolog_bytes_max {}", kXmlPrologBytesMax));
  }
  return root;
}

}  // namespace shoumi::inspect
