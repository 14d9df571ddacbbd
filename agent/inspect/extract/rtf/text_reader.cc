#include "agent/inspect/extract/rtf/text_reader.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "absl/strings/ascii.h"
#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/text/charset.h"
#include "agent/inspect/extract/text_writer.h"
#include "agent/inspect/extract/utf8.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

using enum RtfDestination;

constexpr uint32_t kTokensBetweenLooks = 4096;
constexpr size_t kRunBytesMax = 1 << 20;  // a run is decoded then, wherever it is
constexpr size_t kFontsMax = 20'000;
constexpr uint32_t kFallbackMax = 255;
constexpr size_t kHexBlockBytes = 64;

// Pictures and objects are read elsewhere. Themes and the like are long lines; what is shorter may
// be somebody's number.
bool IsHexBlock(RtfDestination destination, std::string_view run) {
  const bool may_be =
      destination == kBinary || (destination == kFigures && run.size() >= kHexBlockBytes);
  return may_be && std::all_of(run.begin(), run.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

bool IsCaptured(RtfDestination destination) {
  return destination == kShapeName || destination == kShapeValue;
}

// One part for each group; the others share theirs.
AsideParts::Naming NamingOf(RtfDestination destination) {
  const bool own = destination == kHeader || destination == kFooter || destination == kShapeText;
  return own ? AsideParts::Naming::kNumbered : AsideParts::Naming::kJoined;
}

struct PartOf {
  std::string_view name;
  v1::PartKind kind;
};

PartOf PartFor(RtfDestination destination) {
  switch (destination) {
    case kHeader:
      return {"header", v1::PART_KIND_HEADER};
    case kFooter:
      return {"footer", v1::PART_KIND_FOOTER};
    case kNote:
      return {"footnotes", v1::PART_KIND_NOTES};
    case kComment:
      return {"comments", v1::PART_KIND_COMMENT};
    case kProperty:
      return {"properties", v1::PART_KIND_PROPERTY};
    case kField:
      return {"fields", v1::PART_KIND_COMMENT};
    case kShapeText:
      return {"watermark", v1::PART_KIND_WATERMARK};
    case kFonts:
      return {"fonts", v1::PART_KIND_COMMENT};
    default:
      return {"other", v1::PART_KIND_COMMENT};
  }
}

std::string_view CharacterOf(std::string_view word) {
  static const std::unordered_map<std::string_view, std::string_view> kCharacters = {
      {"par", "\n"},      {"sect", "\n"},     {"page", "\n"},    {"column", "\n"},
      {"line", "\n"},     {"row", "\n"},      {"nestrow", "\n"}, {"softline", "\n"},
      {"cell", "\t"},     {"nestcell", "\t"}, {"tab", "\t"},     {"emdash", "—"},
      {"endash", "–"},    {"emspace", " "},   {"enspace", " "},  {"qmspace", " "},
      {"bullet", "•"},    {"lquote", "‘"},    {"rquote", "’"},   {"ldblquote", "“"},
      {"rdblquote", "”"},
  };
  const auto found = kCharacters.find(word);
  return found == kCharacters.end() ? std::string_view() : found->second;
}

}  // namespace

void RtfTextReader::Read() {
  uint32_t tokens = 0;
  for (RtfToken token = tokens_.Next(); token.kind != RtfToken::Kind::kEnd && !end_;
       token = tokens_.Next()) {
    if (++tokens % kTokensBetweenLooks == 0 && !context_.InTime("")) break;
    Take(token);
    if (end_) break;
  }
  Flush();
  if (!boxes_.empty()) EndBoxes();
  pages_.Finish();
  asides_.Emit();
  ReportFailure(context_, "", tokens_.status(), true);
  for (const uint32_t code_page : code_pages_.unknown()) {
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                            fmt::format("text in code page {}", code_page));
  }
  if (!end_ && tokens_.status().ok() && context_.InTime("")) {
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                            "ends within a group");
  }
}

void RtfTextReader::Take(const RtfToken& token) {
  const bool starred = std::exchange(starred_, false);
  switch (token.kind) {
    case RtfToken::Kind::kOpen:
      return Open();
    case RtfToken::Kind::kClose:
      return Close();
    case RtfToken::Kind::kSymbol:
      return Symbol(token.byte);
    case RtfToken::Kind::kByte:
      if (Fallback()) return;
      escaped_ = true;
      return Bytes({&token.byte, 1});
    case RtfToken::Kind::kText: {
      const size_t passed = std::min<size_t>(fallback_, token.text.size());
      fallback_ -= static_cast<uint32_t>(passed);
      return Bytes(token.text.substr(passed));
    }
    default:
      break;
  }
  starred_ = starred;
  Word(token);
  starred_ = false;
}

void RtfTextReader::Open() {
  fallback_ = 0;
  if (groups_.size() < kGroupsMax) {
    groups_.push_back(groups_.back());
  } else if (too_deep_++ == 0) {
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_TOO_DEEP,
                            fmt::format("rtf_groups_max {}", kGroupsMax));
  }
}

void RtfTextReader::Close() {
  fallback_ = 0;
  if (too_deep_ > 0) {
    --too_deep_;
    return;
  }
  Flush();
  const Group closed = groups_.back();
  if (groups_.size() > 1) groups_.pop_back();
  Group& around = groups_.back();
  if (closed.destination != around.destination) {
    if (closed.destination == kShapeName) shape_name_ = std::exchange(text_, "");
    if (closed.destination == kShapeValue) {
      TakeShapeValue(std::exchange(text_, ""), closed.in_header);
    }
    if (closed.destination == kFonts && default_font_) {
      around.font_code_page = fonts_[*default_font_];
    }
  }
  if (groups_.size() == 1) end_ = tokens_.offset();
}

void RtfTextReader::Word(const RtfToken& token) {
  fallback_ = 0;
  const std::string_view word = token.word;
  if (word == "u") return Unicode(token.number);
  if (word == "bin") {
    return Binary(static_cast<uint64_t>(std::max(token.number, 0)));
  }
  if (const std::string_view character = CharacterOf(word); !character.empty()) {
    Flush();
    return Put(character);
  }
  if (const std::optional<RtfDestination> destination = RtfDestinationOf(word)) {
    return Begin(*destination);
  }
  if (starred_) return Begin(kOther);
  if (word == "f" || word == "plain" || word == "fcharset" || word == "cpg" || word == "deff") {
    return FontWord(token);
  }
  CharsetWord(token);
}

void RtfTextReader::CharsetWord(const RtfToken& token) {
  if (token.word == "ansicpg" && token.number > 0) {
    document_code_page_ = static_cast<uint32_t>(token.number);
  } else if (token.word == "mac") {
    document_code_page_ = 10000;
  } else if (token.word == "pc") {
    document_code_page_ = 437;
  } else if (token.word == "pca") {
    document_code_page_ = 850;
  } else if (token.word == "uc") {
    groups_.back().fallback_characters =
        std::min(static_cast<uint32_t>(std::max(token.number, 0)), kFallbackMax);
  }
}

void RtfTextReader::FontWord(const RtfToken& token) {
  Group& group = groups_.back();
  const bool table = group.destination == kFonts;
  if (token.word == "deff") {
    default_font_ = token.number;
  } else if (token.word == "f" && table) {
    font_ = token.number;
  } else if (token.word == "f" || token.word == "plain") {
    Flush();
    const int32_t font = token.word == "f" ? token.number : default_font_.value_or(0);
    const auto found = fonts_.find(font);
    group.font_code_page = found == fonts_.end() ? 0 : found->second;
  } else if (table && fonts_.size() < kFontsMax) {
    fonts_[font_] = token.word == "cpg" ? static_cast<uint32_t>(std::max(token.number, 0))
                                        : CodePageOfCharset(token.number);
  }
}

// What a group is said to be counts for what follows in it.
void RtfTextReader::Begin(RtfDestination destination) {
  Flush();
  Group& group = groups_.back();
  if (destination == kUnchanged) return;
  group.destination = destination;
  saw_binary_ |= destination == kBinary;
  group.in_header |= destination == kHeader || destination == kFooter;
  if (IsCaptured(destination)) text_.clear();
  if (IsCaptured(destination) || IsBox(group)) return;
  const PartOf part = PartFor(destination);
  group.aside = asides_.Open(part.name, part.kind, NamingOf(destination));
}

void RtfTextReader::TakeShapeValue(const std::string& value, bool in_header) {
  const bool shown = shape_name_ == "gtextUNICODE";
  if (!shown && !shape_name_.starts_with("wz")) return;
  groups_.push_back(groups_.back());
  groups_.back().in_header = in_header;
  Begin(shown ? kShapeText : kOther);
  Put(value);
  groups_.pop_back();
}

void RtfTextReader::Symbol(char symbol) {
  if (symbol == '*') {
    starred_ = true;
    return;
  }
  if (Fallback()) return;
  switch (symbol) {
    case '\\':
    case '{':
    case '}':
      return Bytes({&symbol, 1});
    case '\r':
    case '\n':
      Flush();
      return Put("\n");
    case '\t':
      Flush();
      return Put("\t");
    case '~':
      Flush();
      return Put("\u00A0");
    case '_':
      Flush();
      return Put("-");
    default:
      return;  // what is not shown
  }
}

bool RtfTextReader::Fallback() {
  if (fallback_ == 0) return false;
  --fallback_;
  return true;
}

void RtfTextReader::Unicode(int32_t number) {
  Flush();
  const uint32_t unit = static_cast<uint32_t>(number) & 0xFFFFU;
  fallback_ = groups_.back().fallback_characters;
  if (unit >= 0xD800 && unit < 0xDC00) {
    high_surrogate_ = unit;
    return;
  }
  uint32_t code = unit;
  if (unit >= 0xDC00 && unit < 0xE000 && high_surrogate_ != 0) {
    code = 0x10000 + ((high_surrogate_ - 0xD800) << 10U) + (unit - 0xDC00);
  }
  high_surrogate_ = 0;
  std::string character;
  AppendUtf8(character, code);
  Put(character);
}

void RtfTextReader::Bytes(std::string_view bytes) {
  if (IsHexBlock(groups_.back().destination, bytes)) return;
  std::copy_if(bytes.begin(), bytes.end(), std::back_inserter(bytes_),
               [](char c) { return c != '\0'; });
  if (bytes_.size() > kRunBytesMax) FlushSome();
}

// Of pictures and objects they are read elsewhere; anywhere else they may be text.
void RtfTextReader::Binary(uint64_t bytes) {
  std::string content;
  const bool keep = groups_.back().destination != kBinary && asides_.Hold(bytes);
  tokens_.Binary(bytes, keep ? &content : nullptr);
  if (content.empty()) return;
  Flush();
  groups_.push_back(groups_.back());
  Begin(kOther);
  Bytes(content);
  Flush();
  groups_.pop_back();
}

uint32_t RtfTextReader::CodePage() const {
  const uint32_t own = groups_.back().font_code_page;
  return own != 0 ? own : document_code_page_;
}

// What the end of a long run cuts is kept for the rest of it.
void RtfTextReader::FlushSome() {
  const Utf8Prefix prefix = CheckUtf8(bytes_);
  std::string rest;
  if (prefix.incomplete && !escaped_) {
    rest = bytes_.substr(prefix.valid);
    bytes_.resize(prefix.valid);
    Flush();
  } else {
    Decode(false);
  }
  bytes_ = std::move(rest);
}

void RtfTextReader::Flush() {
  Decode(true);
}

void RtfTextReader::Decode(bool last) {
  if (bytes_.empty()) return;
  // Bytes as they stand are no RTF above 0x7f; programs that write them write UTF-8.
  if (AsciiPrefix(bytes_) == bytes_.size() ||
      (!escaped_ && CheckUtf8(bytes_).valid == bytes_.size() &&
       DetectBytes(bytes_) == Charset::kUtf8)) {
    Put(bytes_);
  } else {
    std::string decoded;
    code_pages_.Decode(CodePage(), bytes_, last, decoded);
    Put(decoded);
  }
  bytes_.clear();
  if (last) escaped_ = false;
}

// A box comes after the paragraph that it is anchored in; those of headers are parts of their own.
bool RtfTextReader::IsBox(const Group& group) {
  return group.destination == kShapeText && !group.in_header;
}

void RtfTextReader::PutInBody(std::string_view text) {
  pages_.Append(text);
  if (text == "\n" && !boxes_.empty()) EndBoxes();
}

void RtfTextReader::EndBoxes() {
  pages_.Append(boxes_);
  if (!boxes_.ends_with('\n')) pages_.Append("\n");
  boxes_.clear();
}

void RtfTextReader::Put(std::string_view text) {
  const Group& group = groups_.back();
  if (group.destination == kBody) return PutInBody(text);
  if (IsBox(group)) {
    if (asides_.Hold(text.size())) boxes_.append(text);
    return;
  }
  if (!IsCaptured(group.destination)) return asides_.Append(group.aside, text);
  if (asides_.Hold(text.size())) text_.append(text);
}

}  // namespace shoumi::inspect
