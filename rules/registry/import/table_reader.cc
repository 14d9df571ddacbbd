#include "rules/registry/import/table_reader.h"

#include <csv.h>
#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "fmt/format.h"

namespace shoumi::registry {
namespace {

constexpr size_t kDecodedBytes = 64 << 10;  // at a time

// A decoder to UTF-8. Refuses what the encoding does not have.
class Decoder {
 public:
  explicit Decoder(const char* from) : converter_(::iconv_open("UTF-8", from)) {}
  ~Decoder() {
    if (*this) ::iconv_close(converter_);
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  explicit operator bool() const {
    return converter_ != reinterpret_cast<iconv_t>(-1);  // NOLINT(performance-no-int-to-ptr)
  }

  enum class Result : uint8_t { kAll, kCut, kBad };
  // Appends to `out`; `bytes` becomes what is left, which is the start of a character when kCut.
  Result Decode(std::string_view& bytes, std::string& out) {
    std::array<char, kDecodedBytes> room;
    for (;;) {
      char* in = const_cast<char*>(bytes.data());
      size_t in_left = bytes.size();
      char* to = room.data();
      size_t to_left = room.size();
      const size_t done = ::iconv(converter_, &in, &in_left, &to, &to_left);
      const int error = errno;
      out.append(room.data(), room.size() - to_left);
      bytes.remove_prefix(bytes.size() - in_left);
      if (done != static_cast<size_t>(-1)) return Result::kAll;
      if (error == EINVAL) return Result::kCut;
      if (error != E2BIG) return Result::kBad;
    }
  }

 private:
  iconv_t converter_;
};

bool IsUtf8(std::string_view bytes) {
  Decoder decoder("UTF-8");
  std::string ignored;
  return decoder.Decode(bytes, ignored) != Decoder::Result::kBad;
}

// What the first line has most of, outside of quotes.
char SeparatorOf(std::string_view line) {
  constexpr std::string_view kSeparators = ",\t;|";
  std::array<size_t, kSeparators.size()> times{};
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    const size_t which = kSeparators.find(c);
    if (!quoted && which != std::string_view::npos) ++times[which];
  }
  return kSeparators[static_cast<size_t>(std::max_element(times.begin(), times.end()) -
                                         times.begin())];
}

}  // namespace

struct TableReader::Csv {
  explicit Csv(OnRow& to) : on_row(to) { usable = csv_init(&parser, kOptions) == 0; }
  ~Csv() { csv_free(&parser); }
  Csv(const Csv&) = delete;
  Csv& operator=(const Csv&) = delete;

  static constexpr unsigned char kOptions = CSV_STRICT | CSV_STRICT_FINI;
  static void OnField(void* field, size_t size, void* self) {
    auto& csv = *static_cast<Csv*>(self);
    if (csv.fields.size() <= kFieldsMax) {
      csv.fields.emplace_back(static_cast<const char*>(field), size);
    }
  }
  static void OnEndOfRow(int, void* self) {
    auto& csv = *static_cast<Csv*>(self);
    csv.within_row = false;
    csv.too_many |= csv.fields.size() > kFieldsMax;
    if (!csv.too_many) csv.on_row(csv.row_line, csv.fields);
    csv.fields.clear();
  }

  csv_parser parser{};
  bool usable = false;
  OnRow& on_row;
  std::vector<std::string> fields;
  bool within_row = false;
  bool too_many = false;
  uint64_t row_line = 0;
  size_t row_bytes = 0;
  std::unique_ptr<Decoder> decoder;
};

TableReader::TableReader(Encoding encoding, char separator, OnRow on_row)
    : encoding_(encoding),
      separator_(separator),
      on_row_(std::move(on_row)),
      csv_(std::make_unique<Csv>(on_row_)) {}
TableReader::~TableReader() = default;

absl::Status TableReader::Stop(std::string_view why, uint64_t line) {
  return failed_ = absl::InvalidArgumentError(fmt::format("line {}: {}", line, why));
}

absl::Status TableReader::Feed(std::string_view bytes) {
  if (!failed_.ok()) return failed_;
  if (!started_) {
    raw_ += bytes;
    return raw_.size() < kEncodingBytes ? absl::OkStatus() : Start();
  }
  return Decode(bytes, false);
}

absl::Status TableReader::Start() {
  started_ = true;
  std::string_view raw = raw_;
  const bool little = raw.starts_with("\xFF\xFE");
  const bool big = raw.starts_with("\xFE\xFF");
  const bool mark = raw.starts_with("\xEF\xBB\xBF");
  if (encoding_ == Encoding::kAuto) {
    encoding_ = little || big         ? Encoding::kUtf16
                : mark || IsUtf8(raw) ? Encoding::kUtf8
                                      : Encoding::kGb18030;
  }
  const char* name = "UTF-8";
  if (encoding_ == Encoding::kUtf16) name = big ? "UTF-16BE" : "UTF-16LE";
  if (encoding_ == Encoding::kGb18030) name = "GB18030";
  if (mark) raw.remove_prefix(3);
  if (encoding_ == Encoding::kUtf16 && (little || big)) raw.remove_prefix(2);
  csv_->decoder = std::make_unique<Decoder>(name);
  if (!*csv_->decoder || !csv_->usable) {
    return failed_ = absl::InternalError(fmt::format("{} cannot be converted here", name));
  }
  const std::string first(raw);
  raw_.clear();
  return Decode(first, false);
}

absl::Status TableReader::Decode(std::string_view bytes, bool last) {
  raw_ += bytes;
  std::string_view rest = raw_;
  const Decoder::Result result = csv_->decoder->Decode(rest, text_);
  const bool cut = result == Decoder::Result::kCut && last;
  if (auto status = Lines(last && !cut); !status.ok()) return status;
  if (result == Decoder::Result::kBad || cut) {
    constexpr std::string_view kNames[] = {"", "UTF-8", "GB18030", "UTF-16"};
    return Stop(fmt::format("not {}; say the right 'encoding' in the registry's file",
                            kNames[static_cast<size_t>(encoding_)]),
                line_ + 1);
  }
  raw_.erase(0, raw_.size() - rest.size());
  return absl::OkStatus();
}

absl::Status TableReader::Lines(bool last) {
  size_t at = 0;
  while (at < text_.size()) {
    size_t end = text_.find('\n', at);
    if (end == std::string::npos && !last) break;
    end = end == std::string::npos ? text_.size() : end + 1;
    if (auto status = Line(std::string_view(text_).substr(at, end - at)); !status.ok()) {
      return status;
    }
    at = end;
  }
  text_.erase(0, at);
  if (text_.size() > kRowBytesMax) {
    return Stop(fmt::format("a row of more than {} bytes", kRowBytesMax), line_ + 1);
  }
  return absl::OkStatus();
}

absl::Status TableReader::Line(std::string_view line) {
  ++line_;
  Csv& csv = *csv_;
  if (line_ == 1) {
    if (separator_ == '\0') separator_ = SeparatorOf(line);
    csv_set_delim(&csv.parser, static_cast<unsigned char>(separator_));
  }
  if (!csv.within_row) {
    if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) return absl::OkStatus();
    csv.within_row = true;
    csv.row_line = line_;
    csv.row_bytes = 0;
  }
  csv.row_bytes += line.size();
  if (csv.row_bytes > kRowBytesMax) {
    return Stop(fmt::format("a row of more than {} bytes; is a quote left open?", kRowBytesMax),
                csv.row_line);
  }
  if (csv_parse(&csv.parser, line.data(), line.size(), Csv::OnField, Csv::OnEndOfRow, &csv) !=
      line.size()) {
    return Stop(R"(a quote where none may stand; write "" for one within quotes)", line_);
  }
  if (csv.too_many) {
    return Stop(fmt::format("a row of more than {} fields", kFieldsMax), csv.row_line);
  }
  return absl::OkStatus();
}

absl::Status TableReader::Finish() {
  if (!failed_.ok()) return failed_;
  if (!started_) {
    if (auto status = Start(); !status.ok()) return status;
  }
  if (auto status = Decode("", true); !status.ok()) return status;
  if (csv_fini(&csv_->parser, Csv::OnField, Csv::OnEndOfRow, csv_.get()) != 0) {
    return Stop("a quote is left open", csv_->row_line);
  }
  return absl::OkStatus();
}

}  // namespace shoumi::registry
