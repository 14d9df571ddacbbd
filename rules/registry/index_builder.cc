#include "rules/registry/index_builder.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <tuple>
#include <utility>

#include "common/text/common_han.h"
#include "fmt/format.h"

namespace shoumi::registry {
namespace {

constexpr size_t kGramSymbols = 3;
constexpr uint32_t kGramTimesMany = 64;
constexpr uint64_t kFilterBitsPerRecord = 12;
constexpr uint64_t kRecordsPerBucket = 5;

// Up to an eighth more, so that a few items more or less do not change it.
uint64_t InSteps(uint64_t size) {
  const int bits = std::bit_width(size);
  if (bits <= 4) return size;
  const uint64_t step = uint64_t{1} << (bits - 4);
  return (size + step - 1) / step * step;
}

// Coarse, so that a value more or less seldom changes where others have their anchor.
uint32_t Coarse(uint32_t times) {
  return static_cast<uint32_t>(std::bit_width(times / 4)) / 2;
}

template <class Item>
void Append(std::string& out, const Item* items, size_t count) {
  out.append(reinterpret_cast<const char*>(items), count * sizeof(Item));
  out.resize((out.size() + 7) / 8 * 8);
}

}  // namespace

absl::Status IndexBuilder::AddRow(v1::Level level) {
  if (counts_.rows == kRowsMax) {
    return absl::ResourceExhaustedError(fmt::format("more than {} rows", kRowsMax));
  }
  if (level < v1::LEVEL_NONE || level > v1::LEVEL_TOP_SECRET) {
    return absl::InvalidArgumentError("no such level");
  }
  ++counts_.rows;
  const auto bits = static_cast<uint8_t>(level - v1::LEVEL_NONE);
  rows_.push_back({0, bits});
  levels_.push_back(bits);
  row_has_short_.push_back(false);
  return absl::OkStatus();
}

absl::Status IndexBuilder::AddCell(uint8_t column, ColumnType type, std::string_view value) {
  auto cell = CellOf(type, value);
  return cell.ok() ? AddCell(column, *cell) : cell.status();
}

absl::Status IndexBuilder::AddCell(uint8_t column, const Cell& cell) {
  if (counts_.rows == 0 || column >= kColumnsMax)
    return absl::InternalError("a cell without a row");
  if (cells_.size() == kCellsMax) {
    return absl::ResourceExhaustedError(fmt::format("more than {} values", kCellsMax));
  }
  Kept kept;
  kept.row = static_cast<uint32_t>(counts_.rows - 1);
  kept.size = static_cast<uint8_t>(cell.symbols.size());
  kept.column = column;
  const auto word =
      std::max_element(cell.words.begin(), cell.words.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto last_first = cell.symbols.end() - std::min(cell.symbols.size(), kGramSymbols - 1);
  if (cell.number) {
    kept.anchor = Anchor::kNumber;
  } else if (IsShort(cell)) {
    kept.anchor = Anchor::kShort;
  } else if (std::any_of(cell.symbols.begin(), last_first, [](char32_t c) { return c >= 0x80; })) {
    kept.anchor = Anchor::kGram;
  } else if (word != cell.words.end() && word->second >= kWordSymbolsMin) {
    kept.anchor = Anchor::kWord;
    kept.offset = word->first;
    kept.word_size = word->second;
  } else {
    return absl::InvalidArgumentError("a value without anything to find it by");
  }
  RowHashes& row = rows_.back();
  if (cells_.empty() || cells_.back().row != kept.row) row.first = hasher_.Row(0, 0, cell.symbols);
  row.all = hasher_.Row(row.all, column, cell.symbols);
  kept.symbols_at = symbols_.size();
  symbols_ += cell.symbols;
  if (kept.anchor == Anchor::kShort) {
    row_has_short_.back() = true;
    ++counts_.short_cells;
  }
  ++counts_.cells;
  cells_.push_back(kept);
  return absl::OkStatus();
}

absl::Status IndexBuilder::GiveNumbers() {
  auto numbers = NumberRows(rows_);
  if (!numbers.ok()) return numbers.status();
  numbers_ = *std::move(numbers);
  std::vector<RowHashes>().swap(rows_);
  return absl::OkStatus();
}

void IndexBuilder::CountGrams() {
  constexpr size_t kCountersMax = size_t{1} << 27;
  gram_times_.assign(std::min(std::bit_ceil(symbols_.size()), kCountersMax), 0);
  for (const Kept& kept : cells_) {
    if (kept.anchor != Anchor::kGram) continue;
    for (size_t at = 0; at + kGramSymbols <= kept.size; ++at) {
      uint16_t& times = TimesOf(SymbolsOf(kept).substr(at));
      if (times != std::numeric_limits<uint16_t>::max()) ++times;
    }
  }
}

uint16_t& IndexBuilder::TimesOf(std::u32string_view gram) {
  return gram_times_[hasher_.Gram(gram[0], gram[1], gram[2]) & (gram_times_.size() - 1)];
}

// Where few other values have the same three symbols, so that a lookup compares little; of those,
// at a character that ordinary text is not made of, so that few lookups start.
void IndexBuilder::ChooseGram(Kept& kept) {
  const std::u32string_view symbols = SymbolsOf(kept);
  std::tuple<bool, bool, uint32_t> best(true, true, std::numeric_limits<uint32_t>::max());
  for (uint8_t at = 0; at + kGramSymbols <= symbols.size(); ++at) {
    const char32_t c = symbols[at];
    if (c < 0x80) continue;
    const uint32_t times = TimesOf(symbols.substr(at));
    const std::tuple<bool, bool, uint32_t> rarity(times > kGramTimesMany, IsCommonHan(c),
                                                  Coarse(times));
    if (rarity >= best) continue;
    best = rarity;
    kept.offset = at;
  }
}

uint64_t IndexBuilder::HashOf(const Kept& kept) const {
  const std::u32string_view symbols = SymbolsOf(kept);
  const auto gram = symbols.substr(kept.offset);
  switch (kept.anchor) {
    case Anchor::kGram:
      return hasher_.Gram(gram[0], gram[1], gram[2]);
    case Anchor::kShort:
      return hasher_.Short(numbers_.of[kept.row], symbols);
    default: {
      const auto piece = kept.anchor == Anchor::kWord ? gram.substr(0, kept.word_size) : symbols;
      const std::string ascii(piece.begin(), piece.end());
      return hasher_.Word(ascii.data(), ascii.size());
    }
  }
}

void IndexBuilder::Place(std::vector<Placed>& placed) {
  CountGrams();
  placed.reserve(cells_.size());
  for (Kept& kept : cells_) {
    if (kept.anchor == Anchor::kGram) {
      ChooseGram(kept);
      const char32_t first = SymbolsOf(kept)[kept.offset];
      if (first > 65535) header_.firsts_beyond = 1;
      if (first <= 65535) {
        firsts_[first / 8] = static_cast<char>(firsts_[first / 8] | 1 << (first % 8));
      }
    }
    if (kept.anchor == Anchor::kWord) header_.word_sizes |= uint64_t{1} << kept.word_size;
    if (kept.anchor == Anchor::kNumber) {
      header_.number_sizes |= uint64_t{1} << kept.size;
      const char32_t first = SymbolsOf(kept).front();
      if (first < U'0' || first > U'9') header_.word_sizes |= uint64_t{1} << kept.size;
    }
    if (kept.anchor == Anchor::kShort) header_.short_sizes |= uint64_t{1} << kept.size;
    const uint64_t hash = HashOf(kept);
    placed.push_back(
        {hash, Record(hasher_.Check(SymbolsOf(kept)), {.row = numbers_.of[kept.row],
                                                       .size = kept.size,
                                                       .offset = kept.offset,
                                                       .column = kept.column,
                                                       .anchor = kept.anchor,
                                                       .row_has_short = row_has_short_[kept.row],
                                                       .tag = registry::Place(hash).Tag()})});
  }
}

// `placed` is sorted by hash and check.
void IndexBuilder::LeaveOutCommon(std::vector<Placed>& placed) {
  auto out = placed.begin();
  for (auto from = placed.begin(); from != placed.end();) {
    const auto to = std::find_if(from, placed.end(), [from](const Placed& one) {
      return one.hash != from->hash || one.record.check() != from->record.check();
    });
    if (static_cast<size_t>(to - from) > kRowsPerValueMax) {
      counts_.in_too_many_rows += static_cast<uint64_t>(to - from);
    } else {
      out = std::move(from, to, out);
    }
    from = to;
  }
  placed.erase(out, placed.end());
}

absl::StatusOr<std::string> IndexBuilder::Finish() {
  if (cells_.empty()) return absl::InvalidArgumentError("a registry without a value");
  if (auto status = GiveNumbers(); !status.ok()) return status;
  std::vector<Placed> placed;
  Place(placed);
  std::u32string().swap(symbols_);
  std::vector<Kept>().swap(cells_);
  const auto buckets = std::max<uint64_t>(std::bit_ceil(placed.size() / kRecordsPerBucket + 1), 2);
  const auto bucket_bits = static_cast<uint32_t>(std::countr_zero(buckets));
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::tuple(a.hash, a.record.check(), a.record.rest()) <
           std::tuple(b.hash, b.record.check(), b.record.rest());
  });
  LeaveOutCommon(placed);
  return Write(placed, bucket_bits);
}

std::string IndexBuilder::Write(const std::vector<Placed>& placed, uint32_t bucket_bits) {
  header_.bucket_bits = bucket_bits;
  header_.key_check = hasher_.KeyCheck();
  header_.rows = counts_.rows;
  header_.row_numbers = numbers_.numbers;
  header_.records = placed.size();
  header_.filter_words = InSteps(placed.size() * kFilterBitsPerRecord / 64 + 1);
  std::vector<uint8_t> levels((numbers_.numbers + 3) / 4);
  for (size_t row = 0; row < levels_.size(); ++row) {
    const uint32_t number = numbers_.of[row];
    levels[number / 4] |= static_cast<uint8_t>(levels_[row] << (number % 4 * 2));
  }
  std::vector<uint64_t> filter(header_.filter_words);
  std::vector<uint32_t> bucket_sizes(size_t{1} << bucket_bits);
  std::vector<Record> records;
  records.reserve(placed.size());
  for (const Placed& one : placed) {
    const registry::Place place(one.hash);
    filter[place.Word(filter.size())] |= place.Bits();
    ++bucket_sizes[place.Bucket(bucket_bits)];
    records.push_back(one.record);
  }
  std::string starts;
  header_.page_bits = buckets::AppendStarts(starts, bucket_sizes);
  std::string out;
  out.reserve(sizeof header_ + firsts_.size() + levels.size() + starts.size() + filter.size() * 8 +
              records.size() * sizeof(Record) + 64);
  Append(out, &header_, 1);
  Append(out, firsts_.data(), firsts_.size());
  Append(out, levels.data(), levels.size());
  out += starts;
  Append(out, filter.data(), filter.size());
  Append(out, records.data(), records.size());
  return out;
}

}  // namespace shoumi::registry
