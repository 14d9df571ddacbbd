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
constexpr size_t kFallbackUsual = 4;  // bytes; the longest character of any code page
constexpr size_t kShapeFiguresMax = 9;
constexpr uint64_t kBinaryBytesAtOnce = 64 << 10;

// Pictures and objects are read elsewhere. Themes and the like are long lines; what is shorter may
// be somebody's number.
bool IsHexBlock(RtfDestination destination, std::string_view run) {
  const bool hex = std::all_of(run.begin(), run.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  if (destination == kBinary) return hex;
  // Decimal figures are somebody's numbers, unless they fill a block up.
  const bool decimal = run.find_first_not_of("0123456789") == std::string_view::npos &&
                       run.find_first_not_of(run.substr(0, 1)) != std::string_view::npos;
  return destination == kFigures && run.size() >= kHexBlockBytes && hex && !decimal;
}

// Whether no run of decimal figures is longer than what lengths, angles and colours need.
bool HasShortNumbers(std::string_view text) {
  size_t figures = 0;
  for (const char c : text) {
    figures = absl::ascii_isdigit(static_cast<unsigned char>(c)) ? figures + 1 : 0;
    if (figures > kShapeFiguresMax) return false;
  }
  return true;
}

// Shapes have hundreds of properties, whose names are letters, and whose values are numbers or
// lists of points.
bool IsShapeName(std::string_view name) {
  return HasShortNumbers(name) && std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c));
         });
}

bool IsShapeNumber(std::string_view value) {
  return HasShortNumbers(value) &&
         value.find_first_not_of("0123456789-.;,() ") == std::string_view::npos;
}

uint32_t CodePageOf(const RtfToken& token) {
  return static_cast<uint32_t>(std::clamp<int32_t>(token.number, 0, kCharsetsBase - 1));
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
  if (!boxes_.empty()) PutInBody("\n");
  pages_.Finish();
  asides_.Emit();
  ReportFailure(context_, "", tokens_.status(), true);
  for (const uint32_t code_page : code_pages_.unknown()) {
    const bool charset = code_page >= kCharsetsBase;
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_PARTIAL,
                            charset
                                ? fmt::format("text in character set {}", code_page - kCharsetsBase)
                                : fmt::format("text in code page {}", code_page));
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
      if (Fallback(token.byte)) return;
      escaped_ = true;
      return Bytes({&token.byte, 1});
    case RtfToken::Kind::kText:
      return Text(token.text);
    default:
      break;
  }
  starred_ = starred;
  Word(token);
  starred_ = false;
}

void RtfTextReader::Text(std::string_view text) {
  const size_t passed = std::min<size_t>(fallback_, text.size());
  if (passed > 0) {
    passed_ += text.substr(0, passed);
    fallback_ -= static_cast<uint32_t>(passed);
    if (fallback_ == 0) EndFallback();
    text.remove_prefix(passed);
  }
  if (!IsHexBlock(groups_.back().destination, text)) Bytes(text);
}

void RtfTextReader::Open() {
  EndFallback();
  if (groups_.size() < kGroupsMax) {
    groups_.push_back(groups_.back());
    // Only what stands in a picture or object itself is part of it.
    if (groups_.back().destination == kBinary) Begin(kOther);
  } else if (too_deep_++ == 0) {
    context_.sink.Unscanned(context_.PartName(""), v1::UNSCANNED_REASON_TOO_DEEP,
                            fmt::format("rtf_groups_max {}", kGroupsMax));
  }
}

void RtfTextReader::Close() {
  EndFallback();
  if (too_deep_ > 0) {
    --too_deep_;
    return;
  }
  Flush();
  const Group closed = groups_.back();
  if (groups_.size() > 1) groups_.pop_back();
  Group& around = groups_.back();
  if (closed.destination != around.destination) {
    if (IsCaptured(closed.destination)) TakeCaptured(closed);
    if (closed.destination == kFonts && default_font_) {
      around.font_code_page = fonts_[*default_font_];
    }
  }
  if (groups_.size() == 1) end_ = tokens_.offset();
}

void RtfTextReader::Word(const RtfToken& token) {
  EndFallback();
  const std::string_view word = token.word;
  if (word == "u" && token.has_number) return Unicode(token.number);
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
    document_code_page_ = CodePageOf(token);
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
    fonts_[font_] = token.word == "cpg" ? CodePageOf(token) : CodePageOfCharset(token.number);
  }
}

// What a group is said to be counts for what follows in it.
void RtfTextReader::Begin(RtfDestination destination) {
  Flush();
  if (destination == kUnchanged) return;
  if (IsCaptured(groups_.back().destination) && !text_.empty()) {
    TakeCaptured(Group(groups_.back()));
  }
  Group& group = groups_.back();
  saw_binary_ |= destination == kBinary;
  // A picture within an object's data is none.
  if (destination == kBinary && std::exchange(group.in_binary, true)) destination = kOther;
  group.destination = destination;
  group.in_header |= destination == kHeader || destination == kFooter;
  if (IsCaptured(destination)) text_.clear();
  if (IsCaptured(destination) || IsBox(group)) return;
  const PartOf part = PartFor(destination);
  group.aside = asides_.Open(part.name, part.kind, NamingOf(destination));
}

// The name or the value of a shape's property: WordArt is shown, the rest is text all the same.
void RtfTextReader::TakeCaptured(const Group& closed) {
  const std::string text = std::exchange(text_, "");
  std::string stripped = text;
  absl::StripAsciiWhitespace(&stripped);
  const bool name = closed.destination == kShapeName;
  if (name) shape_name_ = stripped;
  const bool shown = !name && shape_name_ == "gtextUNICODE";
  const bool described = !name && shape_name_.starts_with("wz");
  const bool usual = name ? IsShapeName(stripped) : IsShapeNumber(stripped);
  if (usual && !shown && !described) return;
  groups_.push_back(closed);
  // Not captured any more.
  groups_.back().destination = kBody;
  Begin(shown ? kShapeText : kOther);
  Put(text);
  groups_.pop_back();
}

void RtfTextReader::Symbol(char symbol) {
  if (symbol == '*') {
    starred_ = true;
    return;
  }
  if (Fallback(symbol)) return;
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

bool RtfTextReader::Fallback(char byte) {
  if (fallback_ == 0) return false;
  passed_.push_back(byte);
  if (--fallback_ == 0) EndFallback();
  return true;
}

// What stands there is one character in some code page; where it is more, it is text of its own.
void RtfTextReader::EndFallback() {
  fallback_ = 0;
  if (passed_.empty()) return;
  const std::string passed = std::exchange(passed_, "");
  if (passed.size() > kFallbackUsual) PutOther(passed);
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
  std::copy_if(bytes.begin(), bytes.end(), std::back_inserter(bytes_),
               [](char c) { return c != '\0'; });
  if (bytes_.size() > kRunBytesMax) FlushSome();
}

// Of pictures and objects they are read elsewhere; anywhere else they may be text.
void RtfTextReader::Binary(uint64_t bytes) {
  const bool keep = groups_.back().destination != kBinary;
  Flush();
  groups_.push_back(groups_.back());
  if (keep && bytes > 0) Begin(kOther);
  while (bytes > 0 && context_.InTime("")) {
    const uint64_t take = std::min(bytes, kBinaryBytesAtOnce);
    std::string content;
    tokens_.Binary(take, &content);
    if (keep) Bytes(content);
    if (content.size() < take) break;
    bytes -= take;
  }
  Flush();
  groups_.pop_back();
}

void RtfTextReader::PutOther(std::string_view bytes) {
  Flush();
  groups_.push_back(groups_.back());
  Begin(kOther);
  Bytes(bytes);
  escaped_ = true;
  Flush();
  groups_.pop_back();
}

uint32_t RtfTextReader::CodePage() const {
  const uint32_t own = groups_.back().font_code_page;
  return own != 0 && own < kCharsetsBase ? own : document_code_page_;
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
    const uint32_t font = groups_.back().font_code_page;
    if (font >= kCharsetsBase) code_pages_.NoteUnknown(font);
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
