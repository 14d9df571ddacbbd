#include "rules/registry/import/table_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace shoumi::registry {
namespace {

using Rows = std::vector<std::pair<uint64_t, std::vector<std::string>>>;

struct Outcome {
  Rows rows;
  std::string error;
};

Outcome Read(std::string_view bytes, size_t piece, Encoding encoding = Encoding::kAuto,
             char separator = '\0') {
  Outcome outcome;
  TableReader reader(encoding, separator, [&outcome](uint64_t line, const auto& fields) {
    outcome.rows.emplace_back(line, fields);
  });
  absl::Status status;
  for (size_t at = 0; at < bytes.size() && status.ok(); at += piece) {
    status = reader.Feed(bytes.substr(at, piece));
  }
  if (status.ok()) status = reader.Finish();
  outcome.error = std::string(status.message());
  return outcome;
}

std::string Wide(std::u16string_view text, bool big) {
  std::string bytes = big ? "\xFE\xFF" : "\xFF\xFE";
  for (const char16_t c : text) {
    const char high = static_cast<char>(c >> 8);
    const char low = static_cast<char>(c & 0xFF);
    bytes += big ? std::string{high, low} : std::string{low, high};
  }
  return bytes;
}

TEST(TableReader, ReadsRowsWithTheLinesTheyStartAt) {
  const std::string table =
      "名称,电话\r\n\"甲,乙\",1\n\n\"with \"\"quotes\"\"\nand a line\", 2 \n丙,3";
  const Rows wanted = {{1, {"名称", "电话"}},
                       {2, {"甲,乙", "1"}},
                       {4, {"with \"quotes\"\nand a line", "2"}},
                       {6, {"丙", "3"}}};
  for (const size_t piece : {1U, 2U, 7U, 1000U}) {
    const Outcome outcome = Read(table, piece);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.rows, wanted) << piece;
  }
}

TEST(TableReader, KnowsTheEncodingByTheBytes) {
  const Rows wanted = {{1, {"名称", "a"}}, {2, {"甲", "b"}}};
  EXPECT_EQ(Read("\xEF\xBB\xBF名称,a\n甲,b\n", 3).rows, wanted);
  EXPECT_EQ(Read("\xC3\xFB\xB3\xC6,a\n\xBC\xD7,b\n", 3).rows, wanted);  // GBK
  EXPECT_EQ(Read(Wide(u"名称\ta\r\n甲\tb\r\n", false), 3).rows, wanted);
  EXPECT_EQ(Read(Wide(u"名称;a\n甲;b", true), 3).rows, wanted);
}

TEST(TableReader, TakesTheSeparatorThatIsSaid) {
  EXPECT_EQ(Read("a;b,c\n", 9, Encoding::kUtf8, ';').rows, (Rows{{1, {"a", "b,c"}}}));
  EXPECT_EQ(Read("a|b,c|d\n", 9).rows, (Rows{{1, {"a", "b,c", "d"}}}));
}

TEST(TableReader, WhatIsNoTableIsSaidWithItsLine) {
  EXPECT_EQ(Read("a,b\n1,\"2\n3,4\n", 4).error, "line 2: a quote is left open");
  EXPECT_EQ(Read("a,b\n1,2\"3\n", 4).error,
            "line 2: a quote where none may stand; write \"\" for one within quotes");
  EXPECT_EQ(Read("a\n\xC3\xFB\n", 4, Encoding::kUtf8).error,
            "line 2: not UTF-8; say the right 'encoding' in the registry's file");
  EXPECT_EQ(Read("a\n\xFF", 4, Encoding::kGb18030).error,
            "line 2: not GB18030; say the right 'encoding' in the registry's file");
  EXPECT_EQ(Read("a\n\xE4\xB8", 4, Encoding::kUtf8).error,
            "line 2: not UTF-8; say the right 'encoding' in the registry's file");
}

TEST(TableReader, RowsHaveBounds) {
  const std::string wide(TableReader::kFieldsMax, ',');
  EXPECT_EQ(Read("a\n" + wide + "\n", 100).error, "line 2: a row of more than 256 fields");
  EXPECT_EQ(Read(wide.substr(1) + "\n", 100).error, "");
  const std::string open = "a\n\"" + std::string(TableReader::kRowBytesMax / 2, 'x') + "\n";
  EXPECT_EQ(Read(open + std::string(TableReader::kRowBytesMax / 2, 'y') + "\n", 999).error,
            "line 2: a row of more than 65536 bytes; is a quote left open?");
  EXPECT_EQ(Read(std::string(TableReader::kRowBytesMax + 1, 'x'), 999).error,
            "line 1: a row of more than 65536 bytes");
}

}  // namespace
}  // namespace shoumi::registry
