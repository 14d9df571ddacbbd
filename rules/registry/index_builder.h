#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/registry/cell.h"
#include "rules/registry/index.h"
#include "rules/registry/row_numbers.h"

namespace shoumi::registry {

// Makes the index of a registry, at the server. Holds all values until it is finished: about 70
// bytes each, and as much for each row. The index depends on what the rows say and not on their
// order. Not thread-safe.
class IndexBuilder {
 public:
  static constexpr uint64_t kCellsMax = 64'000'000;
  // A value that more rows have, as a shared switchboard's number, tells nobody's from another's.
  static constexpr size_t kRowsPerValueMax = 64;

  struct Counts {
    uint64_t rows = 0;
    uint64_t cells = 0;
    uint64_t in_too_many_rows = 0;  // cells left out, see kRowsPerValueMax
    uint64_t short_cells = 0;       // found only near others of their row
  };

  explicit IndexBuilder(const Key& key) : key_(key), hasher_(key) {}

  // The cells that follow belong to it.
  absl::Status AddRow(v1::Level level);
  // `column` < kColumnsMax. InvalidArgument for a value that cannot be looked for, without it.
  absl::Status AddCell(uint8_t column, ColumnType type, std::string_view value);
  absl::Status AddCell(uint8_t column, const Cell& cell);

  // The bytes of the index. Once.
  absl::StatusOr<std::string> Finish();
  [[nodiscard]] const Counts& counts() const { return counts_; }
  // Of the n-th row that was added, after Finish().
  [[nodiscard]] uint32_t NumberOf(uint64_t row) const {
    return numbers_.of[static_cast<size_t>(row)];
  }

 private:
  struct Kept {
    uint64_t symbols_at = 0;
    uint32_t row = 0;
    uint8_t size = 0;
    uint8_t column = 0;
    Anchor anchor = Anchor::kGram;
    uint8_t offset = 0;
    uint8_t word_size = 0;
  };
  struct Placed {
    uint64_t hash = 0;
    Record record;
  };

  [[nodiscard]] std::u32string_view SymbolsOf(const Kept& kept) const {
    return std::u32string_view(symbols_).substr(kept.symbols_at, kept.size);
  }
  absl::Status GiveNumbers();
  void CountGrams();
  [[nodiscard]] uint16_t& TimesOf(std::u32string_view gram);
  void ChooseGram(Kept& kept);
  [[nodiscard]] uint64_t HashOf(const Kept& kept) const;
  void Place(std::vector<Placed>& placed);
  void LeaveOutCommon(std::vector<Placed>& placed);
  [[nodiscard]] std::string Write(const std::vector<Placed>& placed, uint32_t bucket_bits);

  const Key key_;
  const Hasher hasher_;
  std::u32string symbols_;
  std::vector<Kept> cells_;
  std::vector<RowHashes> rows_;
  std::vector<uint8_t> levels_;  // of rows
  std::vector<bool> row_has_short_;
  RowNumbers numbers_;
  std::vector<uint16_t> gram_times_;  // of three symbols, by hash
  Header header_;
  std::string firsts_ = std::string(Header::kFirstsBytes, '\0');
  Counts counts_;
};

}  // namespace shoumi::registry
