#include "agent/inspect/extract/sqlite/sqlite_format.h"

#include <algorithm>
#include <string>
#include <vector>

#include "agent/inspect/extract/numbers.h"
#include "agent/inspect/extract/report.h"
#include "agent/inspect/extract/sqlite/source_vfs.h"
#include "agent/inspect/extract/text/charset.h"
#include "agent/inspect/extract/text/escapes.h"
#include "agent/inspect/extract/text_writer.h"
#include "agent/inspect/extract/utf8.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr size_t kNameBytesMax = 100;
constexpr size_t kTextOfBlobBytesMin = 4;

std::string Quoted(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  return quoted + "\"";
}

std::string_view BlobAt(sqlite3_stmt* statement, int column) {
  const void* const bytes = sqlite3_column_blob(statement, column);
  const int size = sqlite3_column_bytes(statement, column);
  return bytes == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

// As UTF-8, whatever the encoding of the database.
std::string_view TextAt(sqlite3_stmt* statement, int column) {
  const unsigned char* const text = sqlite3_column_text(statement, column);
  const int size = sqlite3_column_bytes(statement, column);
  return text == nullptr
             ? std::string_view()
             : std::string_view(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
}

// Programs keep text as bytes, too.
bool IsText(std::string_view blob) {
  if (blob.size() < kTextOfBlobBytesMin) return false;
  const Utf8Prefix prefix = CheckUtf8(blob);
  return prefix.valid == blob.size() && std::none_of(blob.begin(), blob.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
         });
}

bool IsDocument(std::string_view blob) {
  const auto source = MakeMemorySource(blob);
  const auto formats = Formats();
  return std::any_of(formats.begin(), formats.end(), [&](const Format* format) {
    return format->detect(blob.substr(0, kHeadBytes), *source);
  });
}

class DatabaseReader {
 public:
  DatabaseReader(SourceDatabase& database, Context& context)
      : database_(database), context_(context), writer_(context.sink) {}

  void Read() {
    if (!ReadSchema()) return;
    for (const std::string& table : tables_) {
      if (!context_.SpendEntry(table) || !context_.InTime(table)) return;
      if (ReadRows(table)) HandOnBlobs(table);
    }
  }

 private:
  Statement Select(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr);
    return Statement(statement);
  }
  void Fail(std::string_view part, bool something_read) {
    ReportFailure(context_, part, database_.Failure(), something_read);
  }
  [[nodiscard]] static std::string_view PartOf(std::string_view table) {
    return Utf8Head(table, kNameBytesMax);
  }

  // Tables without storage of their own are skipped: what they show lies in others.
  bool ReadSchema() {
    const Statement statement = Select("SELECT type, name, sql, rootpage FROM sqlite_schema");
    if (statement == nullptr) {
      Fail("", false);
      return false;
    }
    std::string schema;
    int step = sqlite3_step(statement.get());
    for (; step == SQLITE_ROW; step = sqlite3_step(statement.get())) {
      const std::string type(TextAt(statement.get(), 0));
      const std::string name = RepairUtf8(TextAt(statement.get(), 1));
      schema += RepairUtf8(TextAt(statement.get(), 2)) + "\n";
      if (type == "table" && sqlite3_column_int64(statement.get(), 3) != 0) tables_.push_back(name);
    }
    if (step != SQLITE_DONE) Fail("", true);
    EmitPart(context_, "schema", v1::PART_KIND_PROPERTY, schema);
    return true;
  }

  // True when a value may be a document.
  bool ReadRows(const std::string& table) {
    const Statement statement = Select("SELECT * FROM " + Quoted(table));
    if (statement == nullptr) {
      Fail(PartOf(table), false);
      return false;
    }
    context_.sink.BeginPart(context_.PartName(PartOf(table)), v1::PART_KIND_CELLS);
    const int columns = sqlite3_column_count(statement.get());
    for (int i = 0; i < columns; ++i) {
      const char* const name = sqlite3_column_name(statement.get(), i);
      Cell(i, name == nullptr ? std::string() : RepairUtf8(name));
    }
    writer_.Append("\n");
    bool blobs = false;
    int step = sqlite3_step(statement.get());
    for (; step == SQLITE_ROW; step = sqlite3_step(statement.get())) {
      for (int i = 0; i < columns; ++i) blobs |= Value(statement.get(), i);
      writer_.Append("\n");
    }
    writer_.Flush();
    context_.sink.EndPart();
    if (step != SQLITE_DONE) Fail(PartOf(table), true);
    return blobs;
  }

  bool Value(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_NULL:
        Cell(column, "");
        return false;
      case SQLITE_FLOAT:
        Cell(column, PlainNumber(TextAt(statement, column)));
        return false;
      case SQLITE_BLOB: {
        const std::string_view blob = BlobAt(statement, column);
        const bool text = IsText(blob);
        Cell(column, text ? blob : std::string_view());
        return !text && !blob.empty();
      }
      default:
        Cell(column, RepairUtf8(TextAt(statement, column)));
        return false;
    }
  }

  // One line a row: what would end it or begin a column becomes a space.
  void Cell(int column, std::string_view text) {
    Unescaper unescaper(LooksLikeJson(text) ? Unescaper::Language::kJson
                                            : Unescaper::Language::kAny);
    std::string plain(unescaper.Take(text, true));
    std::replace_if(
        plain.begin(), plain.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; },
        ' ');
    if (column > 0) writer_.Append("\t");
    writer_.Append(plain);
  }

  void HandOnBlobs(const std::string& table) {
    const Statement statement = Select("SELECT * FROM " + Quoted(table));
    if (statement == nullptr) return Fail(PartOf(table), true);
    const int columns = sqlite3_column_count(statement.get());
    uint64_t row = 0;
    uint64_t unknown = 0;
    while (sqlite3_step(statement.get()) == SQLITE_ROW) {
      ++row;
      for (int i = 0; i < columns; ++i) {
        if (sqlite3_column_type(statement.get(), i) != SQLITE_BLOB) continue;
        const std::string_view blob = BlobAt(statement.get(), i);
        if (blob.empty() || IsText(blob)) continue;
        if (!IsDocument(blob)) {
          ++unknown;
          continue;
        }
        const std::string name = fmt::format("{}/row {}", PartOf(table), row);
        if (!context_.SpendEntry(name) || !context_.SpendBytes(blob.size(), name)) return;
        const auto content = MakeMemorySource(blob);
        context_.Nested(name, *content);
      }
    }
    if (unknown == 0) return;
    context_.sink.Unscanned(context_.PartName(PartOf(table)), v1::UNSCANNED_REASON_UNSUPPORTED,
                            fmt::format("{} binary values", unknown));
  }

  SourceDatabase& database_;
  Context& context_;
  TextWriter writer_;
  std::vector<std::string> tables_;
};

bool Detect(std::string_view head, Source&) {
  return head.starts_with(kMagic);
}

void Extract(Source& source, Context& context) {
  if (context.depth == 0) context.bytes_read = source.size();
  const auto database = SourceDatabase::Open(source, context);
  if (!database.ok()) return ReportFailure(context, "", database.status(), false);
  DatabaseReader(**database, context).Read();
}

}  // namespace

const Format kSqliteFormat = {"sqlite", "application/vnd.sqlite3", Detect, Extract};

}  // namespace shoumi::inspect
