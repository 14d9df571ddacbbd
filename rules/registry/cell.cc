#include "rules/registry/cell.h"

#include <algorithm>
#include <array>
#include <string>

#include "fmt/format.h"
#include "rules/engine/text/normalise.h"
#include "rules/engine/text/utf8.h"
#include "rules/registry/symbols.h"

namespace shoumi::registry {
namespace {

constexpr size_t kCellSymbolsRead = 200;  // of a value; what is longer is refused or cut anyway
constexpr size_t kCoreSymbolsMin = 4;     // of a company's name without its legal form
// The longest first where one ends another.
constexpr std::u32string_view kLegalForms[] = {U"股份有限公司", U"有限责任公司", U"有限公司",
                                               U"股份公司", U"公司"};

void ReadSymbols(std::string_view normalised, Cell& cell) {
  bool in_word = false;
  for (size_t at = 0; at < normalised.size() && cell.symbols.size() <= kCellSymbolsRead;) {
    const rules::CodePoint c = rules::CharAt(normalised, at);
    if (c.bytes == 0) break;
    at += c.bytes;
    const bool symbol = IsSymbol(c.value);
    const bool ascii = symbol && c.value < 0x80;
    if (ascii && !in_word) cell.words.emplace_back(cell.symbols.size(), 0);
    if (ascii) ++cell.words.back().second;
    in_word = ascii;
    if (symbol) cell.symbols.push_back(Lower(c.value));
  }
}

void TakeEnd(std::u32string& symbols, std::u32string_view end) {
  if (!symbols.ends_with(end) || symbols.size() < end.size() + kCoreSymbolsMin) return;
  symbols.resize(symbols.size() - end.size());
}

void LeaveOutLegalForm(std::u32string& symbols) {
  for (const std::u32string_view form : kLegalForms) {
    if (!symbols.ends_with(form)) continue;
    TakeEnd(symbols, form);
    break;
  }
  TakeEnd(symbols, U"集团");
}

// A text is looked for by three symbols in a row, the first of them not ASCII, or by a word.
bool HasAnchor(const Cell& cell) {
  const auto last_first = cell.symbols.end() - 2;
  return std::any_of(cell.symbols.begin(), last_first, [](char32_t c) { return c >= 0x80; }) ||
         std::any_of(cell.words.begin(), cell.words.end(),
                     [](const auto& word) { return word.second >= kWordSymbolsMin; });
}

constexpr std::array<std::string_view, kColumnTypes> kTypeNames = {
    "name", "short_name", "credit_code", "id", "phone", "contact", "address", "account"};

}  // namespace

std::string_view ColumnTypeName(ColumnType type) {
  return kTypeNames[static_cast<size_t>(type)];
}

std::optional<ColumnType> FindColumnType(std::string_view name) {
  const auto found = std::find(kTypeNames.begin(), kTypeNames.end(), name);
  if (found == kTypeNames.end()) return std::nullopt;
  return static_cast<ColumnType>(found - kTypeNames.begin());
}

bool IsNumber(ColumnType type) {
  return type == ColumnType::kCreditCode || type == ColumnType::kId || type == ColumnType::kPhone ||
         type == ColumnType::kAccount;
}

absl::StatusOr<Cell> CellOf(ColumnType type, std::string_view value) {
  Cell cell;
  cell.number = IsNumber(type);
  ReadSymbols(rules::NormaliseText(value), cell);
  if (type == ColumnType::kName) LeaveOutLegalForm(cell.symbols);
  if (type == ColumnType::kAddress && cell.symbols.size() > kCellSymbolsMax) {
    cell.symbols.resize(kCellSymbolsMax);
  }
  const size_t least = cell.number ? kNumberSymbolsMin : kCellSymbolsMin;
  if (cell.symbols.size() < least) {
    return absl::InvalidArgumentError(fmt::format(
        "{} letters and digits, and at least {} are needed", cell.symbols.size(), least));
  }
  if (cell.symbols.size() > kCellSymbolsMax) {
    return absl::InvalidArgumentError(fmt::format("{} letters and digits, and at most {} can be",
                                                  cell.symbols.size(), kCellSymbolsMax));
  }
  std::erase_if(cell.words, [&cell](const auto& word) {
    return static_cast<size_t>(word.first) + word.second > cell.symbols.size();
  });
  if (cell.number &&
      std::any_of(cell.symbols.begin(), cell.symbols.end(), [](char32_t c) { return c >= 0x80; })) {
    return absl::InvalidArgumentError("a number with characters that no number has");
  }
  if (!cell.number && !IsShort(cell) && !HasAnchor(cell)) {
    return absl::InvalidArgumentError(
        fmt::format("no word of at least {} letters or digits", kWordSymbolsMin));
  }
  return cell;
}

}  // namespace shoumi::registry
