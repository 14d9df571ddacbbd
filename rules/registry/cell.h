#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace shoumi::registry {

enum class ColumnType : uint8_t {
  kName,        // of a company or a person
  kShortName,   // of a company
  kCreditCode,  // unified social credit code (GB 32100) or organisation code (GB 11714)
  kId,          // resident ID, passport and the like
  kPhone,
  kContact,  // a person's name
  kAddress,
  kAccount,
};
inline constexpr uint8_t kColumnTypes = 8;

// As files of registries call them: "name", "short_name", "credit_code", "id", "phone", "contact",
// "address", "account".
std::string_view ColumnTypeName(ColumnType type);
std::optional<ColumnType> FindColumnType(std::string_view name);
// Whether values of it are numbers: see Cell::number.
bool IsNumber(ColumnType type);

// One value of a client as it is looked for.
struct Cell {
  // A number stands alone: no letter or digit right before or behind it.
  bool number = false;
  std::u32string symbols;
  // Runs of ASCII letters and digits: index of the first symbol, symbols.
  std::vector<std::pair<uint8_t, uint8_t>> words;
};

inline constexpr size_t kCellSymbolsMax = 63;
inline constexpr size_t kCellSymbolsMin = 2;
inline constexpr size_t kNumberSymbolsMin = 6;  // fewer stand in any text
inline constexpr size_t kShortSymbolsMax = 3;   // of a text: found only near others of its row
inline constexpr size_t kWordSymbolsMin = 3;  // of a word that a text in Latin letters is found by

inline bool IsShort(const Cell& cell) {
  return !cell.number && cell.symbols.size() <= kShortSymbolsMax;
}

// From a value as the list of clients has it. Legal forms of companies (有限公司, 股份有限公司, …,
// with or without 集团) are left out, so that each stands for all; addresses longer than
// kCellSymbolsMax are known by their beginning. InvalidArgument says what is wrong, without the
// value.
absl::StatusOr<Cell> CellOf(ColumnType type, std::string_view value);

}  // namespace shoumi::registry
