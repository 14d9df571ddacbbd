#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "rules/registry/import/spec.h"

namespace shoumi::registry {

// Reads a table as spreadsheets export it: CSV (RFC 4180), or the same with another separator, in
// UTF-8, GB18030 or UTF-16. Streams; holds a row, and at first what tells the encoding. Not
// thread-safe.
class TableReader {
 public:
  static constexpr size_t kRowBytesMax = 64 << 10;
  static constexpr size_t kFieldsMax = 256;
  static constexpr size_t kEncodingBytes = 1 << 20;  // that are looked at to tell the encoding

  // `line` is where the row starts, from 1. Empty lines are no rows.
  using OnRow = std::function<void(uint64_t line, const std::vector<std::string>& fields)>;

  TableReader(Encoding encoding, char separator, OnRow on_row);
  ~TableReader();
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  // InvalidArgument, with the line, for what is no table; the same for all calls that follow.
  absl::Status Feed(std::string_view bytes);
  absl::Status Finish();

 private:
  struct Csv;

  absl::Status Start();
  absl::Status Decode(std::string_view bytes, bool last);
  absl::Status Lines(bool last);
  absl::Status Line(std::string_view line);
  absl::Status Stop(std::string_view why, uint64_t line);

  Encoding encoding_;
  char separator_;
  OnRow on_row_;
  absl::Status failed_;
  bool started_ = false;
  std::string raw_;   // not decoded yet
  std::string text_;  // decoded, no whole line yet
  uint64_t line_ = 0;
  std::unique_ptr<Csv> csv_;
};

}  // namespace shoumi::registry
