#include <memory>
#include <string>

#include "agent/inspect/extract/sqlite/sqlite_format.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/testing/zip_writer.h"
#include "common/fd.h"
#include "gtest/gtest.h"
#include "sqlite3.h"

namespace shoumi::inspect {
namespace {

std::string Hex(std::string_view bytes) {
  static constexpr std::string_view kFigures = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex.push_back(kFigures[static_cast<unsigned char>(c) >> 4U]);
    hex.push_back(kFigures[static_cast<unsigned char>(c) & 15U]);
  }
  return hex;
}

// The bytes of a database that `sql` makes.
std::string MakeDatabase(const std::string& sql) {
  sqlite3* database = nullptr;
  EXPECT_EQ(
      sqlite3_open_v2(":memory:", &database,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY, "unix-none"),
      SQLITE_OK);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK)
      << (error == nullptr ? "" : error);
  sqlite3_free(error);
  sqlite3_int64 size = 0;
  unsigned char* const bytes = sqlite3_serialize(database, "main", &size, 0);
  std::string result(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  sqlite3_free(bytes);
  sqlite3_close(database);
  return result;
}

TEST(Sqlite, TablesAreReadWithTheirHeads) {
  const std::string bytes = MakeDatabase(
      "CREATE TABLE 客户(姓名 TEXT, 电话, 证件 TEXT, note); -- 机密的表\n"
      "INSERT INTO 客户 VALUES('王小明', 13912345678, '11010519491231002X', 'a\nb\tc');"
      "INSERT INTO 客户 VALUES('李四', 13812345678.0, NULL, x'e7bb9de5af86');"
      "CREATE TABLE \"odd \"\"name\"(j); INSERT INTO \"odd \"\"name\" "
      "VALUES('{\"a\":\"\\u673a\\u5bc6\"}');"
      "CREATE VIEW v AS SELECT 姓名 FROM 客户; CREATE TABLE w(k PRIMARY KEY) WITHOUT ROWID;"
      "INSERT INTO w VALUES('last');");
  const RecordingSink sink = ExtractBytes(bytes);
  EXPECT_EQ(MediaTypeOf(bytes), "application/vnd.sqlite3");
  EXPECT_EQ(sink.TextOf("客户"),
            "姓名\t电话\t证件\tnote\n王小明\t13912345678\t11010519491231002X\ta b c\n"
            "李四\t13812345678\t\t绝密\n");
  EXPECT_EQ(sink.TextOf("odd \"name"), "j\n{\"a\":\"机密\"}\n");
  EXPECT_EQ(sink.TextOf("w"), "k\nlast\n");
  EXPECT_NE(sink.TextOf("schema").find("CREATE VIEW v AS SELECT 姓名"), std::string::npos);
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  EXPECT_EQ(sink.broken, "");
}

TEST(Sqlite, Utf16IsRead) {
  const RecordingSink sink = ExtractBytes(
      MakeDatabase("PRAGMA encoding='UTF-16le'; CREATE TABLE t(a); INSERT INTO t VALUES('机密');"));
  EXPECT_EQ(sink.TextOf("t"), "a\n机密\n");
}

TEST(Sqlite, ValuesThatAreDocumentsAreHandedOn) {
  const RecordingSink sink = ExtractBytes(MakeDatabase(
      "CREATE TABLE t(a, b); INSERT INTO t VALUES(1, x'" + Hex(MakeZip({{"x.txt", "in it"}})) +
      "'); INSERT INTO t VALUES(2, x'0102030405060708'); INSERT INTO t VALUES(3, x'');"));
  EXPECT_EQ(sink.TextOf("t/row 1/x.txt/first page"), "in it");
  ASSERT_EQ(sink.gaps.size(), 1U) << sink.Gaps();
  EXPECT_EQ(sink.gaps[0].detail, "1 binary values");
}

TEST(Sqlite, LargeTablesAreStreamed) {
  const std::string bytes = MakeDatabase(
      "CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE "
      "i<200000) "
      "INSERT INTO t SELECT 'row ' || i FROM n;");
  const RecordingSink sink = ExtractBytes(bytes);
  EXPECT_TRUE(sink.TextOf("t").ends_with("row 199999\nrow 200000\n"));
  // Out of time.
  const RecordingSink late = ExtractBytes(bytes, Limits(), std::chrono::milliseconds(1));
  EXPECT_TRUE(late.HasGap(v1::UNSCANNED_REASON_TIMEOUT)) << late.Gaps();
}

TEST(Sqlite, DamageIsNamedAndTheRestRead) {
  std::string bytes = MakeDatabase(
      "CREATE TABLE a(x); CREATE TABLE b(x); INSERT INTO a VALUES('first'); INSERT INTO b "
      "VALUES('second');");
  const size_t page = 4096;
  bytes.replace(page, 8, "\xff\xff\xff\xff\xff\xff\xff\xff");  // of table a
  const RecordingSink sink = ExtractBytes(bytes);
  EXPECT_EQ(sink.TextOf("b"), "x\nsecond\n");
  EXPECT_FALSE(sink.gaps.empty());
  EXPECT_FALSE(ExtractBytes(bytes.substr(0, 150)).gaps.empty());
  EXPECT_FALSE(ExtractBytes(std::string("SQLite format 3\0rest", 20)).gaps.empty());
}

}  // namespace
}  // namespace shoumi::inspect
