#include "agent/inspect/extract/xml/xml.h"

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>

#include "expat.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr int kChunkBytes = 64 << 10;

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
    parse.handler_.Start(Local(name), XmlAttributes(attributes));
    parse.CheckDone();
  }
  static void OnEnd(void* self, const char* name) {
    Parse& parse = Of(self);
    --parse.depth_;
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

// UTF-16 as ASCII, enough to find a name in it; UTF-8 without its mark.
std::string Narrow(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  if (!head.starts_with("\xFF\xFE") && !head.starts_with("\xFE\xFF")) return std::string(head);
  std::string narrow;
  std::copy_if(head.begin() + 2, head.end(), std::back_inserter(narrow),
               [](char byte) { return byte != '\0'; });
  return narrow;
}

// Of a processing instruction, comment or document type declaration; npos when it does not end.
size_t ProloguePieceBytes(std::string_view piece) {
  const auto through = [piece](std::string_view end, size_t from) {
    const size_t at = piece.find(end, from);
    return at == std::string_view::npos ? at : at + end.size();
  };
  if (piece.starts_with("<?")) return through("?>", 2);
  if (piece.starts_with("<!--")) return through("-->", 4);
  const size_t end = piece.find_first_of("[>");
  return end == std::string_view::npos || piece[end] == '>' ? through(">", 2) : through("]>", end);
}

}  // namespace

std::string_view XmlAttributes::Get(std::string_view local) const {
  for (const char** entry = list_; *entry != nullptr; entry += 2) {
    if (Local(entry[0]) == local) return entry[1];
  }
  return {};
}

absl::Status ParseXml(Source& source, Context& context, XmlHandler& handler) {
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, FreeParser> parser(
      XML_ParserCreate(nullptr));
  if (parser == nullptr) return absl::ResourceExhaustedError("out of memory");
  return Parse(handler, parser.get()).Run(source, context);
}

std::string XmlRoot(std::string_view head) {
  const std::string text = Narrow(head);
  size_t at = text.find_first_not_of(kBlanks);
  while (at < text.size() && text[at] == '<') {
    const std::string_view rest = std::string_view(text).substr(at);
    if (!rest.starts_with("<?") && !rest.starts_with("<!")) {
      const size_t end = rest.find_first_of(" \t\r\n/>", 1);
      return std::string(Local(rest.substr(1, end - 1)));
    }
    const size_t size = ProloguePieceBytes(rest);
    at = size == std::string_view::npos ? size : text.find_first_not_of(kBlanks, at + size);
  }
  return "";
}

}  // namespace shoumi::inspect
