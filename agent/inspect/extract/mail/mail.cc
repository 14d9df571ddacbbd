#include "agent/inspect/extract/mail/mail.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "agent/inspect/extract/mail/encoding.h"
#include "agent/inspect/extract/mail/header.h"
#include "agent/inspect/extract/mail/inline_files.h"
#include "agent/inspect/extract/read_whole.h"
#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/text/names.h"
#include "agent/inspect/extract/text_writer.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr uint32_t kDepthMax = 16;  // multiparts and forwarded messages within each other
constexpr size_t kFieldsMin = 3;    // of a message without MIME
constexpr size_t kFieldLookBytes = 512;

// A line that separates the parts of a multipart (RFC 2046, 5.1.1).
struct Delimiter {
  size_t begin = 0;
  size_t end = 0;  // behind its line feed
  bool last = false;
};

std::optional<Delimiter> FindDelimiter(std::string_view text, std::string_view boundary,
                                       size_t from) {
  const std::string mark = fmt::format("--{}", boundary);
  for (size_t at = text.find(mark, from); at != std::string_view::npos;
       at = text.find(mark, at + 1)) {
    if (at > 0 && text[at - 1] != '\n') continue;
    size_t end = at + mark.size();
    const bool last = text.substr(end).starts_with("--");
    if (last) end += 2;
    end = text.find_first_not_of(" \t\r", end);
    if (end == std::string_view::npos) return Delimiter{at, text.size(), last};
    if (text[end] == '\n') return Delimiter{at, end + 1, last};
  }
  return std::nullopt;
}

// The line feed before a delimiter belongs to it.
std::string_view WithoutLastLineFeed(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Western character sets are what programs name that know none: the bytes tell more.
bool TellsMoreThanTheBytes(std::string_view charset) {
  static constexpr std::string_view kWestern[] = {"",     "us-ascii", "ascii",
                                                  "utf8", "unknown",  "default"};
  return std::find(std::begin(kWestern), std::end(kWestern), charset) == std::end(kWestern) &&
         !charset.starts_with("iso-8859-1") && !charset.starts_with("windows-125") &&
         !charset.starts_with("cp125") && !charset.starts_with("latin");
}

// No standard has them; the files they make name themselves.
bool IsInlineEncoding(std::string_view encoding) {
  static constexpr std::string_view kNames[] = {"uuencode", "x-uuencode", "x-uue",
                                                "uue",      "x-yencode",  "yencode"};
  return std::find(std::begin(kNames), std::end(kNames), encoding) != std::end(kNames);
}

class MailReader {
 public:
  explicit MailReader(Context& context) : context_(context) {}

  void ReadMailbox(std::string_view text);
  // A message, or one part of it: header and body.
  void ReadEntity(std::string_view text, uint32_t depth);

 private:
  void ReadBody(const MailHeader& header, std::string_view body, uint32_t depth);
  void ReadMultipart(std::string_view boundary, std::string_view body, uint32_t depth);
  void ReadLeaf(const MailHeader& header, const std::string& name, std::string_view bytes);
  void ReadInlineFiles(const MailHeader& header, const std::string& name, std::string_view text);
  // Nothing when `body` is not encoded, or in a way nobody knows, which is reported.
  std::optional<std::string> Decode(const MailHeader& header, const std::string& name,
                                    std::string_view body);
  // `part` of the message being read.
  [[nodiscard]] std::string Named(std::string_view part) const {
    if (message_.empty()) return std::string(part);
    return part.empty() ? message_ : fmt::format("{}/{}", message_, part);
  }
  void Gap(std::string_view part, v1::UnscannedReason reason, std::string_view detail) {
    context_.sink.Unscanned(context_.PartName(Named(part)), reason, detail);
  }
  void Emit(std::string_view part, v1::PartKind kind, std::string_view text) {
    EmitPart(context_, Named(part), kind, text);
  }

  Context& context_;
  std::string message_;  // "message 3" of a mailbox; empty for a single one
  uint32_t leaves_ = 0;
};

// Where the next message begins: behind a line feed, at a From_ line with a field below it. Some
// programs write sentences that start with "From" into bodies as they are.
size_t NextMessage(std::string_view text) {
  for (size_t at = text.find("\nFrom "); at != std::string_view::npos;
       at = text.find("\nFrom ", at + 1)) {
    const size_t below = text.find('\n', at + 1);
    if (below == std::string_view::npos) return below;
    std::string_view field = text.substr(below + 1, kFieldLookBytes);
    if (!MailHeader::Take(field).Text().empty()) return at;
  }
  return std::string_view::npos;
}

void MailReader::ReadMailbox(std::string_view text) {
  for (uint32_t number = 1; !text.empty() && context_.InTime(""); ++number) {
    message_ = fmt::format("message {}", number);
    leaves_ = 0;
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    const size_t next = NextMessage(text);
    ReadEntity(text.substr(0, next), 0);
    if (next == std::string_view::npos) return;
    text.remove_prefix(next + 1);
  }
}

void MailReader::ReadEntity(std::string_view text, uint32_t depth) {
  if (!context_.SpendEntry("") || !context_.InTime("")) return;
  if (depth > kDepthMax) {
    Gap("", v1::UNSCANNED_REASON_TOO_DEEP, fmt::format("mail_depth_max {}", kDepthMax));
    return;
  }
  const MailHeader header = MailHeader::Take(text);
  Emit("headers", v1::PART_KIND_PROPERTY, header.Text());
  if (header.Repeats("content-type") || header.Repeats("content-transfer-encoding")) {
    Gap("", v1::UNSCANNED_REASON_CORRUPT, "a field of MIME is given twice");
  }
  ReadBody(header, text, depth);
}

void MailReader::ReadBody(const MailHeader& header, std::string_view body, uint32_t depth) {
  const std::string type = header.Token("content-type");
  std::string name = header.Parameter("content-disposition", "filename");
  if (name.empty()) name = header.Parameter("content-type", "name");
  if (name.empty()) name = fmt::format("part {}", leaves_ + 1);
  const std::optional<std::string> decoded = Decode(header, name, body);
  if (decoded && !context_.SpendBytes(decoded->size(), Named(name))) return;
  const std::string_view bytes = decoded ? *decoded : body;
  const std::string boundary = header.Parameter("content-type", "boundary");
  if (type.starts_with("multipart/")) {
    if (type == "multipart/encrypted") Gap(name, v1::UNSCANNED_REASON_ENCRYPTED, type);
    if (!boundary.empty() && FindDelimiter(bytes, boundary, 0)) {
      ReadMultipart(boundary, bytes, depth);
      return;
    }
    if (!bytes.empty()) Gap(name, v1::UNSCANNED_REASON_CORRUPT, "multipart without its boundary");
  } else if (type == "message/rfc822" || type == "message/global") {
    ReadEntity(bytes, depth + 1);
    return;
  } else if (type == "message/partial") {
    Gap(name, v1::UNSCANNED_REASON_UNSUPPORTED, "piece of a message");
  } else if (header.Parameter("content-type", "smime-type") == "enveloped-data") {
    Gap(name, v1::UNSCANNED_REASON_ENCRYPTED, type);
    return;
  }
  ReadLeaf(header, name, bytes);
}

void MailReader::ReadMultipart(std::string_view boundary, std::string_view body, uint32_t depth) {
  std::optional<Delimiter> here = FindDelimiter(body, boundary, 0);
  // What stands around the parts is shown by no program, and can be written by any.
  Emit("preamble", v1::PART_KIND_BODY, DecodeName(body.substr(0, here->begin)));
  while (!here->last) {
    const std::optional<Delimiter> next = FindDelimiter(body, boundary, here->end);
    const size_t end = next ? next->begin : body.size();
    ReadEntity(WithoutLastLineFeed(body.substr(here->end, end - here->end)), depth + 1);
    if (!next || !context_.InTime("")) return;
    here = next;
  }
  Emit("epilogue", v1::PART_KIND_BODY, DecodeName(body.substr(here->end)));
}

std::optional<std::string> MailReader::Decode(const MailHeader& header, const std::string& name,
                                              std::string_view body) {
  const std::string encoding = header.Token("content-transfer-encoding");
  if (encoding == "quoted-printable") return DecodeQuotedPrintable(body);
  if (encoding == "base64") {
    uint64_t invalid = 0;
    std::string decoded = DecodeBase64(body, invalid);
    if (invalid > 0) {
      Gap(name, v1::UNSCANNED_REASON_CORRUPT, fmt::format("{} characters are not base64", invalid));
    }
    return decoded;
  }
  if (!encoding.empty() && encoding != "7bit" && encoding != "8bit" && encoding != "binary" &&
      !IsInlineEncoding(encoding)) {
    Gap(name, v1::UNSCANNED_REASON_UNSUPPORTED, "transfer encoding");
  }
  return std::nullopt;
}

void MailReader::ReadLeaf(const MailHeader& header, const std::string& name,
                          std::string_view bytes) {
  ++leaves_;
  std::optional<std::string> converted;
  const std::string type = header.Token("content-type");
  const std::string charset = Lower(header.Parameter("content-type", "charset"));
  if ((type.empty() || type.starts_with("text/")) && TellsMoreThanTheBytes(charset)) {
    converted = ConvertDeclared(bytes, charset);
  }
  const auto source = MakeMemorySource(converted ? *converted : bytes);
  context_.Nested(Named(name), *source);
  ReadInlineFiles(header, name, bytes);
}

void MailReader::ReadInlineFiles(const MailHeader& header, const std::string& name,
                                 std::string_view text) {
  const bool told = IsInlineEncoding(header.Token("content-transfer-encoding"));
  const std::string type = header.Token("content-type");
  if (!told && !type.empty() && !type.starts_with("text/")) return;
  bool any = false;
  for (size_t at = 0; context_.InTime(Named(name));) {
    const std::optional<InlineFile> file = FindInlineFile(text, at);
    if (!file) break;
    any = true;
    at = file->end;
    if (!context_.SpendEntry(Named(name)) ||
        !context_.SpendBytes(file->content.size(), Named(file->name))) {
      return;
    }
    const auto source = MakeMemorySource(file->content);
    context_.Nested(Named(file->name), *source);
    if (file->damaged) {
      Gap(file->name, v1::UNSCANNED_REASON_PARTIAL, "the file within the text has no end");
    }
    if (file->piece) Gap(file->name, v1::UNSCANNED_REASON_PARTIAL, "piece of a file");
  }
  if (told && !any) {
    Gap(name, v1::UNSCANNED_REASON_CORRUPT, "no file in what is said to be encoded");
  }
}

// White space and a byte order mark may stand before the first field.
std::string_view Start(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  return text;
}

bool Detect(std::string_view head, Source&) {
  head = Start(head);
  if (head.starts_with("From ")) {
    head.remove_prefix(std::min(head.find('\n'), head.size() - 1) + 1);
  }
  const MailHeader header = MailHeader::Take(head);
  const auto has = [&](std::string_view name) { return header.Has(name); };
  static constexpr std::string_view kMime[] = {"mime-version", "content-type",
                                               "content-transfer-encoding"};
  static constexpr std::string_view kUsual[] = {
      "from", "to", "cc", "subject", "date", "received", "message-id", "return-path", "reply-to"};
  return std::any_of(std::begin(kMime), std::end(kMime), has) ||
         static_cast<size_t>(std::count_if(std::begin(kUsual), std::end(kUsual), has)) >=
             kFieldsMin;
}

void Extract(Source& source, Context& context) {
  const absl::StatusOr<std::string> bytes = ReadWhole(source, context);
  if (!bytes.ok()) {
    ReportFailure(context, "", bytes.status(), false);
    return;
  }
  if (context.depth == 0) context.bytes_read = bytes->size();
  const std::string_view text = Start(*bytes);
  MailReader reader(context);
  if (text.starts_with("From ")) {
    reader.ReadMailbox(text);
  } else {
    reader.ReadEntity(text, 0);
  }
}

}  // namespace

const Format kMailFormat = {"mail", "message/rfc822", Detect, Extract};

}  // namespace shoumi::inspect
