#include "agent/inspect/extract/mail/header.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>

#include "agent/inspect/extract/mail/encoding.h"
#include "agent/inspect/extract/text/names.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kNameBytesMax = 256;
constexpr uint32_t kPiecesMax = 1000;  // of one parameter, RFC 2231, 3

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

// The next line without its end; takes it off `text`.
std::string_view TakeLine(std::string_view& text) {
  const size_t feed = text.find('\n');
  std::string_view line = text.substr(0, feed);
  text.remove_prefix(feed == std::string_view::npos ? text.size() : feed + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Position of the colon when `line` is "name: value" (RFC 5322, 2.2), else npos.
size_t FieldColon(std::string_view line) {
  const size_t colon = line.substr(0, kNameBytesMax).find(':');
  if (colon == std::string_view::npos || colon == 0) return std::string_view::npos;
  const std::string_view name = Trim(line.substr(0, colon));
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(),
                                                  [](char c) { return c > ' ' && c < 0x7F; });
  return plain && line[0] != ' ' && line[0] != '\t' ? colon : std::string_view::npos;
}

// One encoded word at the start of `text` (RFC 2047, 2): its bytes there, its charset and its
// decoded bytes. Length 0 when there is none.
struct Word {
  size_t length = 0;
  std::string charset;
  std::string bytes;
};
Word WordAt(std::string_view text) {
  if (!text.starts_with("=?")) return {};
  const size_t charset_end = text.find('?', 2);
  if (charset_end == std::string_view::npos || charset_end + 3 > text.size() ||
      text[charset_end + 2] != '?') {
    return {};
  }
  const char how = text[charset_end + 1];
  const bool base64 = how == 'B' || how == 'b';
  if (!base64 && how != 'Q' && how != 'q') return {};
  const size_t begin = charset_end + 3;
  const size_t end = text.find("?=", begin);
  if (end == std::string_view::npos) return {};
  Word word;
  const std::string_view charset = text.substr(2, charset_end - 2);
  word.charset = charset.substr(0, charset.find('*'));  // RFC 2231, 5: a language may follow
  const std::string_view coded = text.substr(begin, end - begin);
  uint64_t invalid = 0;
  word.bytes = base64 ? DecodeBase64(coded, invalid) : DecodeQuotedPrintable(coded, true);
  word.length = end + 2;
  return word;
}

// "attachment; name=\"a;b\"" → "attachment", "name=\"a;b\"".
std::vector<std::string_view> SplitParameters(std::string_view value) {
  std::vector<std::string_view> pieces;
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    if (quoted && value[i] == '\\') {
      ++i;
    } else if (value[i] == '"') {
      quoted = !quoted;
    } else if (value[i] == ';' && !quoted) {
      pieces.push_back(Trim(value.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  pieces.push_back(Trim(value.substr(std::min(begin, value.size()))));
  return pieces;
}

std::string Unquote(std::string_view value) {
  if (!value.starts_with('"')) return std::string(value);
  std::string out;
  for (size_t i = 1; i < value.size() && value[i] != '"'; ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    out.push_back(value[i]);
  }
  return out;
}

}  // namespace

MailHeader MailHeader::Take(std::string_view& text) {
  MailHeader header;
  while (!text.empty()) {
    const std::string_view before = text;
    const std::string_view line = TakeLine(text);
    if (line.empty()) break;
    const bool folded = line[0] == ' ' || line[0] == '\t';
    if (folded && !header.fields_.empty()) {
      header.fields_.back().second.append("\n").append(line);
      continue;
    }
    const size_t colon = FieldColon(line);
    if (colon == std::string_view::npos) {
      text = before;
      break;
    }
    header.fields_.emplace_back(Lower(Trim(line.substr(0, colon))), Trim(line.substr(colon + 1)));
  }
  return header;
}

std::string_view MailHeader::Get(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const auto& field) { return field.first == name; });
  return found == fields_.end() ? std::string_view() : found->second;
}

bool MailHeader::Has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const auto& field) { return field.first == name; });
}

bool MailHeader::Repeats(std::string_view name) const {
  const std::string_view first = Get(name);
  return std::any_of(fields_.begin(), fields_.end(), [&](const auto& field) {
    return field.first == name && field.second != first;
  });
}

std::string MailHeader::Token(std::string_view name) const {
  const std::string_view value = Get(name);
  return Lower(Trim(value.substr(0, value.find(';'))));
}

std::string MailHeader::Parameter(std::string_view field, std::string_view parameter) const {
  std::map<uint32_t, std::string> pieces;  // of RFC 2231
  std::string charset;
  for (const std::string_view piece : SplitParameters(Get(field))) {
    const size_t equals = piece.find('=');
    if (equals == std::string_view::npos) continue;
    std::string name = Lower(Trim(piece.substr(0, equals)));
    std::string value = Unquote(Trim(piece.substr(equals + 1)));
    if (name == parameter) return DecodeWords(value);
    if (!name.starts_with(std::string(parameter) + '*')) continue;
    std::string_view rest = std::string_view(name).substr(parameter.size() + 1);
    uint32_t index = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), index);
    const bool percent = rest.empty() || rest.ends_with('*');
    if (percent && index == 0) {
      const size_t first = value.find('\'');
      const size_t second = first == std::string::npos ? first : value.find('\'', first + 1);
      if (second != std::string::npos) {
        charset = value.substr(0, first);
        value.erase(0, second + 1);
      }
    }
    if (index < kPiecesMax) pieces[index] = percent ? DecodePercent(value) : value;
  }
  std::string bytes;
  for (const auto& [index, piece] : pieces) bytes += piece;
  return DecodeDeclared(bytes, charset);
}

std::string MailHeader::Text() const {
  std::string text;
  for (const auto& [name, value] : fields_) text += name + ": " + DecodeWords(value) + "\n";
  return text;
}

std::string DecodeWords(std::string_view raw) {
  std::string out;
  std::string bytes;  // of words of one charset in a row: a character may be cut between them
  std::string charset;
  size_t plain = 0;
  const auto flush_bytes = [&] {
    if (!bytes.empty()) out += DecodeDeclared(bytes, charset);
    bytes.clear();
  };
  for (size_t at = raw.find("=?"); at != std::string_view::npos; at = raw.find("=?", at)) {
    const Word word = WordAt(raw.substr(at));
    if (word.length == 0) {
      at += 2;
      continue;
    }
    const std::string_view between = raw.substr(plain, at - plain);
    // White space between two words is none of the text.
    if (bytes.empty() || !Trim(between).empty()) {
      flush_bytes();
      out += DecodeName(between);
    } else if (Lower(word.charset) != Lower(charset)) {
      flush_bytes();
    }
    bytes += word.bytes;
    charset = word.charset;
    at += word.length;
    plain = at;
  }
  flush_bytes();
  return out + DecodeName(raw.substr(plain));
}

}  // namespace shoumi::inspect
