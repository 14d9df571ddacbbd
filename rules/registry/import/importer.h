#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rules/registry/import/spec.h"
#include "rules/registry/import/table_reader.h"
#include "rules/registry/index_builder.h"

namespace shoumi::registry {

// From a table of clients to the index of their registry. A row with a bad value is left out as a
// whole. Not thread-safe; memory as IndexBuilder.
class Importer {
 public:
  static constexpr size_t kProblemsMax = 1000;  // told one by one

  struct Problem {
    uint64_t line = 0;   // where the row starts
    std::string column;  // its head; empty: the row as a whole
    std::string message;
  };

  Importer(Spec spec, const Key& key);

  // InvalidArgument, with the line, when the table cannot be read on. Rows that are bad are no
  // error of these calls.
  absl::Status Feed(std::string_view bytes);
  absl::Status EndTable();
  // Once, after EndTable(). FailedPrecondition when there is no good row.
  absl::StatusOr<std::string> Index();

  [[nodiscard]] const Spec& spec() const { return spec_; }
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }
  [[nodiscard]] uint64_t problems_omitted() const { return problems_omitted_; }
  [[nodiscard]] uint64_t rows_bad() const { return rows_bad_; }
  [[nodiscard]] const IndexBuilder::Counts& counts() const { return builder_.counts(); }
  // As agents need it, without the index itself.
  [[nodiscard]] std::vector<Column> Columns() const;

 private:
  void OnRow(uint64_t line, const std::vector<std::string>& fields);
  absl::Status ReadHeads(const std::vector<std::string>& fields);
  bool ReadRow(uint64_t line, const std::vector<std::string>& fields);
  bool LevelOf(uint64_t line, const std::vector<std::string>& fields, v1::Level& level);
  void AddProblem(uint64_t line, std::string_view column, std::string message);

  const Spec spec_;
  IndexBuilder builder_;
  TableReader reader_;
  absl::Status failed_;
  bool has_heads_ = false;
  std::vector<size_t> places_;  // of spec_.columns, in the table
  size_t level_place_ = 0;
  std::vector<std::pair<uint8_t, Cell>> cells_;
  std::vector<Problem> problems_;
  uint64_t problems_omitted_ = 0;
  uint64_t rows_bad_ = 0;
};

}  // namespace shoumi::registry
