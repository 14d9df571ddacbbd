#include "rules/registry/matcher.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <tuple>
#include <utility>

#include "rules/engine/text/utf8.h"
#include "rules/registry/block_places.h"
#include "rules/registry/symbols.h"

namespace shoumi::registry {
namespace {

using rules::CharAt;
using rules::CharBefore;
using rules::CodePoint;
using rules::IsAlnum;
using rules::IsDigit;

constexpr size_t kNumberBytesMax = 64;
constexpr size_t kTold = 10'000;  // rows remembered at most

bool HasSize(uint64_t sizes, size_t size) {
  return size < 64 && (sizes >> size & 1) != 0;
}

// The next symbol at or after `at`; `bytes` is 0 when the next kGapCharsMax characters are none.
CodePoint SymbolAt(std::string_view text, size_t& at) {
  for (size_t gap = 0; gap <= kGapCharsMax; ++gap) {
    const CodePoint c = CharAt(text, at);
    if (c.bytes == 0) break;
    if (IsSymbol(c.value)) return {Lower(c.value), c.bytes};
    at += c.bytes;
  }
  return {};
}

// The symbol before `at`, which becomes where it ends.
CodePoint SymbolBefore(std::string_view text, size_t& at) {
  for (size_t gap = 0; gap <= kGapCharsMax; ++gap) {
    const CodePoint c = CharBefore(text, at);
    if (c.bytes == 0) break;
    if (IsSymbol(c.value)) return {Lower(c.value), c.bytes};
    at -= c.bytes;
  }
  return {};
}

// The character that three bytes of valid UTF-8 stand for.
inline uint16_t ThreeBytes(const char* bytes) {
  const auto byte = [bytes](size_t i) { return uint32_t{static_cast<unsigned char>(bytes[i])}; };
  return static_cast<uint16_t>(byte(0) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU));
}

bool AreThreeBytes(const char* bytes) {
  return (static_cast<unsigned char>(bytes[0]) & 0xF0U) == 0xE0U;
}

constexpr std::array<bool, 256> kWordBytes = [] {
  std::array<bool, 256> bytes{};
  for (int c = 0; c < 128; ++c) bytes[static_cast<size_t>(c)] = IsAlnum(static_cast<char>(c));
  return bytes;
}();

bool IsTail(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

bool IsOrdinaryHan(char32_t c) {
  return c >= 0x4E00 && c <= 0x9FFF;
}

size_t WordEnd(std::string_view text, size_t at) {
  while (at < text.size() && kWordBytes[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

}  // namespace

Matcher::Matcher(const Index& index, std::vector<RowRule> rules, Found found)
    : index_(index), rules_(std::move(rules)), found_(std::move(found)) {
  for (RowRule& rule : rules_) {
    rule.within_chars = std::min(rule.within_chars, kWithinCharsMax);
    within_chars_max_ = std::max(within_chars_max_, rule.within_chars);
    wants_short_ |= rule.columns_min > 1;
  }
  for (char32_t c = 0x800; c <= 0xFFFF; ++c) {
    if (index_.MayStart(c)) starts_.Add(c);
  }
  starts_.sizes = index_.word_sizes();
}

void Matcher::BeginPart() {
  recent_.clear();
  told_.clear();
  open_.clear();
}

void Matcher::Scan(const Stretch& stretch) {
  stretch_ = stretch;
  if (stretch.text.size() >= 3) ReadStretch();  // no value is as short
  const uint64_t behind = stretch.base + stretch.end;
  const uint64_t reach = uint64_t{4} * within_chars_max_;
  while (!recent_.empty() && recent_.front().to + reach < behind) recent_.pop_front();
  Tell(stretch.last ? std::numeric_limits<uint64_t>::max() : behind - std::min(behind, reach));
}

void Matcher::ReadStretch() {
  const std::string_view text = stretch_.text;
  const size_t end = std::min(stretch_.end, text.size() - std::min(text.size(), kBlockBytesBehind));
  size_t at = stretch_.begin;
  for (; at + kBlockBytes <= end; at += kBlockBytes) {
    const bool goes_on = at > 0 && IsAlnum(text[at - 1]);
    for (uint64_t places = PlacesIn(text.data() + at, goes_on, starts_); places != 0;
         places &= places - 1) {
      const size_t place = at + static_cast<size_t>(std::countr_zero(places));
      if (static_cast<unsigned char>(text[place]) < 0x80) {
        Words(place);
      } else {
        MayBeGram(place);
      }
    }
  }
  ReadRest(at);
  Flush();
}

// What is left at the end, character by character.
void Matcher::ReadRest(size_t at) {
  const std::string_view text = stretch_.text;
  while (at < stretch_.end && IsTail(text[at])) ++at;  // of a character of the block before
  while (at < stretch_.end) {
    if (kWordBytes[static_cast<unsigned char>(text[at])]) {
      at = Words(at);
    } else {
      at += MayBeGram(at);
    }
  }
}

// Returns the bytes of the character.
size_t Matcher::MayBeGram(size_t at) {
  const CodePoint c = CharAt(stretch_.text, at);
  if (c.value >= 0x80 && index_.MayStart(c.value)) Grams(at);
  return std::max<size_t>(c.bytes, 1);
}

void Matcher::Grams(size_t at) {
  size_t next = at;
  std::array<char32_t, 3> gram{};
  if (at + 9 <= stretch_.text.size()) {
    const char* const from = stretch_.text.data() + at;
    if (AreThreeBytes(from + 3) && AreThreeBytes(from + 6)) {
      gram = {ThreeBytes(from), ThreeBytes(from + 3), ThreeBytes(from + 6)};
      if (IsOrdinaryHan(gram[0]) && IsOrdinaryHan(gram[1]) && IsOrdinaryHan(gram[2])) {
        return PushGram(at, gram);
      }
    }
  }
  for (char32_t& symbol : gram) {
    const CodePoint c = SymbolAt(stretch_.text, next);
    if (c.bytes == 0) return;
    symbol = c.value;
    next += c.bytes;
  }
  PushGram(at, gram);
}

void Matcher::PushGram(size_t at, const std::array<char32_t, 3>& gram) {
  Push({.hash = index_.hasher().Gram(gram[0], gram[1], gram[2]),
        .at = static_cast<uint32_t>(at),
        .to = 0,
        .size = 0,
        .anchor = Anchor::kGram});
}

// Returns where the word ends.
size_t Matcher::Words(size_t at) {
  const std::string_view text = stretch_.text;
  const size_t end = WordEnd(text, at);
  if (at > 0 && IsAlnum(text[at - 1])) return end;  // its start belongs to the stretch before
  const size_t size = end - at;
  if (HasSize(index_.word_sizes(), size)) {
    Push({.hash = index_.hasher().Word(text.data() + at, size),
          .at = static_cast<uint32_t>(at),
          .to = static_cast<uint32_t>(end),
          .size = static_cast<uint8_t>(size),
          .anchor = Anchor::kWord});
  }
  if (IsDigit(text[at]) || HasSize(index_.number_sizes(), size)) Number(at, end);
  return end;
}

// A number that starts at `at`: one group, or it and those behind it.
void Matcher::Number(size_t at, size_t first_end) {
  const std::string_view text = stretch_.text;
  std::array<char, kNumberBytesMax> joined;
  size_t size = 0;
  size_t from = at;
  size_t end = first_end;
  for (size_t groups = 1;; ++groups) {
    if (size + (end - from) > joined.size()) return;
    std::copy(text.begin() + static_cast<ptrdiff_t>(from),
              text.begin() + static_cast<ptrdiff_t>(end),
              joined.begin() + static_cast<ptrdiff_t>(size));
    size += end - from;
    if (HasSize(index_.number_sizes(), size)) {
      Push({.hash = index_.hasher().Word(joined.data(), size),
            .at = static_cast<uint32_t>(at),
            .to = static_cast<uint32_t>(end),
            .size = static_cast<uint8_t>(size),
            .anchor = Anchor::kNumber});
    }
    if (groups == kGroupsMax || !IsDigit(text[at]) || end + 1 >= text.size() ||
        (text[end] != ' ' && text[end] != '-') || !IsAlnum(text[end + 1])) {
      return;
    }
    from = end + 1;
    end = WordEnd(text, from);
  }
}

void Matcher::Push(const Candidate& candidate) {
  index_.PrefetchFilter(Place(candidate.hash));
  batch_[batched_++] = candidate;
  if (batched_ == kBatch) Flush();
}

void Matcher::Flush() {
  size_t kept = 0;
  for (size_t i = 0; i < batched_; ++i) {
    const Place place(batch_[i].hash);
    if (!index_.MayHave(place)) continue;
    index_.PrefetchBucket(place);
    batch_[kept++] = batch_[i];
  }
  batched_ = 0;
  for (size_t i = 0; i < kept; ++i) Look(batch_[i]);
}

void Matcher::Look(const Candidate& candidate) {
  const Place place(candidate.hash);
  readings_.clear();
  for (const Record& record : index_.At(place)) {
    const Record::Fields fields = record.fields();
    if (fields.tag != place.Tag() || fields.anchor != candidate.anchor) continue;
    const Reading& reading = Read(candidate, fields);
    if (reading.is_value && reading.check == record.check()) OnHit(fields, reading.extent);
  }
}

// Values that share an anchor share most sizes too: each is read once.
const Matcher::Reading& Matcher::Read(const Candidate& candidate, const Record::Fields& fields) {
  for (const Reading& reading : readings_) {
    if (reading.size == fields.size && reading.offset == fields.offset) return reading;
  }
  Reading& reading = readings_.emplace_back(Reading{fields.size, fields.offset, false, 0, {}});
  if (candidate.anchor != Anchor::kNumber) {
    reading.is_value = ConfirmText(candidate, fields, reading.extent);
  } else if (fields.size == candidate.size) {
    symbols_.clear();
    for (size_t at = candidate.at; at < candidate.to; ++at) {
      const char c = stretch_.text[at];
      if (IsAlnum(c)) symbols_.push_back(Lower(static_cast<unsigned char>(c)));
    }
    reading.extent = {candidate.at, candidate.to};
    reading.is_value = true;
  }
  if (reading.is_value) reading.check = index_.hasher().Check(symbols_);
  return reading;
}

// Whether the text around the anchor may be the value by its size and edges; fills in symbols_.
bool Matcher::ConfirmText(const Candidate& candidate, const Record::Fields& fields,
                          Extent& extent) {
  const std::string_view text = stretch_.text;
  if (fields.size == 0 || fields.offset >= fields.size) return false;
  symbols_.resize(fields.size);
  size_t at = candidate.at;
  extent.from = at;
  for (size_t i = fields.offset; i-- > 0;) {
    const CodePoint c = SymbolBefore(text, at);
    if (c.bytes == 0) return false;
    at -= c.bytes;
    symbols_[i] = c.value;
    extent.from = at;
  }
  at = candidate.at;
  for (size_t i = fields.offset; i < fields.size; ++i) {
    const CodePoint c = SymbolAt(text, at);
    if (c.bytes == 0) return false;
    at += c.bytes;
    symbols_[i] = c.value;
  }
  extent.to = at;
  const bool cut_before =
      IsAlnum(text[extent.from]) && extent.from > 0 && IsAlnum(text[extent.from - 1]);
  const bool cut_behind = IsAlnum(text[at - 1]) && at < text.size() && IsAlnum(text[at]);
  return !cut_before && !cut_behind;
}

void Matcher::OnHit(const Record::Fields& fields, const Extent& extent) {
  const Hit hit{fields.row, fields.column, false, stretch_.base + extent.from,
                stretch_.base + extent.to};
  std::vector<Hit> of_row = {hit};
  const uint64_t reach = uint64_t{4} * within_chars_max_;
  for (auto it = recent_.rbegin(); it != recent_.rend() && it->to + reach >= hit.from; ++it) {
    if (it->row == hit.row) of_row.push_back(*it);
  }
  recent_.push_back(hit);
  if (wants_short_ && fields.row_has_short) ShortOnes(fields.row, extent, of_row);
  Decide(fields.row, of_row);
}

// Short values of `row` around one that was found.
void Matcher::ShortOnes(uint32_t row, const Extent& around, std::vector<Hit>& of_row) {
  const std::string_view text = stretch_.text;
  size_t at = around.from;
  for (uint32_t i = 0; i < within_chars_max_; ++i) {
    const CodePoint c = CharBefore(text, at);
    if (c.bytes == 0) break;
    at -= c.bytes;
  }
  const size_t behind = std::min(text.size(), around.to + size_t{4} * within_chars_max_);
  std::array<char32_t, 3> symbols{};
  while (at < behind) {
    const CodePoint first = CharAt(text, at);
    if (first.bytes == 0) break;
    size_t next = at;
    size_t size = 0;
    while (size < symbols.size() && next < text.size()) {
      const CodePoint c = CharAt(text, next);
      if (c.bytes == 0 || !IsSymbol(c.value)) break;
      symbols[size++] = Lower(c.value);
      next += c.bytes;
      if (!HasSize(index_.short_sizes(), size)) continue;
      const std::u32string_view value(symbols.data(), size);
      const Place place(index_.hasher().Short(row, value));
      if (!index_.MayHave(place)) continue;
      for (const Record& record : index_.At(place)) {
        const Record::Fields fields = record.fields();
        if (fields.anchor == Anchor::kShort && fields.row == row && fields.size == size &&
            record.check() == index_.hasher().Check(value)) {
          of_row.push_back({row, fields.column, true, stretch_.base + at, stretch_.base + next});
        }
      }
    }
    at += first.bytes;
  }
}

// `of_row` are hits of one row; the first is the new one.
void Matcher::Decide(uint32_t row, std::vector<Hit>& of_row) {
  const Hit last = of_row.front();
  for (uint32_t number = 0; number < rules_.size(); ++number) {
    const RowRule& rule = rules_[number];
    RowMatch match{number, row, index_.LevelOf(row), 0, last.from, last.to, {}};
    std::sort(of_row.begin() + 1, of_row.end(), [&last](const Hit& a, const Hit& b) {
      const auto far = [&last](const Hit& hit) {
        return hit.from < last.from ? last.from - hit.from : hit.from - last.from;
      };
      return std::pair(a.is_short, far(a)) < std::pair(b.is_short, far(b));
    });
    taken_.clear();
    for (const Hit& hit : of_row) {
      // A short name within the name is no second value.
      if (std::any_of(taken_.begin(), taken_.end(), [&hit](const Hit& other) {
            return hit.from < other.to && other.from < hit.to;
          })) {
        continue;
      }
      const uint64_t from = std::min(match.from, hit.from);
      const uint64_t to = std::max(match.to, hit.to);
      // What lies before the text has been dropped as too far away.
      if (from < stretch_.base || to - stretch_.base > stretch_.text.size()) continue;
      const std::string_view between = stretch_.text.substr(from - stretch_.base, to - from);
      if (rules::CountCharacters(between) > rule.within_chars && match.columns != 0) continue;
      match.columns |= static_cast<uint16_t>(1U << hit.column);
      taken_.push_back(hit);
      match.from = from;
      match.to = to;
    }
    if (static_cast<uint32_t>(std::popcount(match.columns)) < rule.columns_min) continue;
    for (const Hit& hit : taken_) match.values.push_back({hit.column, hit.from, hit.to});
    const uint64_t key = uint64_t{number} << 32 | row;
    const auto told = told_.find(key);
    // The same place again, by another of its values.
    if (told != told_.end() && match.from < told->second) {
      told->second = std::max(told->second, match.to);
      Extend(match);
      continue;
    }
    if (told_.size() >= kTold) told_.clear();
    told_[key] = match.to;
    open_.push_back(std::move(match));
  }
}

// Adds what `match` has more than the last open one of its row, if that one reaches as far.
void Matcher::Extend(const RowMatch& match) {
  const auto open = std::find_if(open_.rbegin(), open_.rend(), [&match](const RowMatch& other) {
    return other.rule == match.rule && other.row == match.row;
  });
  if (open == open_.rend()) return;
  for (const RowMatch::Value& value : match.values) {
    const uint64_t from = std::min(open->from, value.from);
    const uint64_t to = std::max(open->to, value.to);
    if ((open->columns >> value.column & 1) != 0 || from < stretch_.base) continue;
    const std::string_view between = stretch_.text.substr(from - stretch_.base, to - from);
    if (rules::CountCharacters(between) > rules_[match.rule].within_chars) continue;
    if (std::any_of(open->values.begin(), open->values.end(), [&value](const auto& other) {
          return value.from < other.to && other.from < value.to;
        })) {
      continue;
    }
    open->columns |= static_cast<uint16_t>(1U << value.column);
    open->values.push_back(value);
    open->from = from;
    open->to = to;
  }
}

// Those that start before `before`.
void Matcher::Tell(uint64_t before) {
  const auto rest = std::stable_partition(
      open_.begin(), open_.end(), [before](const RowMatch& match) { return match.from < before; });
  std::sort(open_.begin(), rest, [](const RowMatch& a, const RowMatch& b) {
    return std::tuple(a.from, a.rule, a.row) < std::tuple(b.from, b.rule, b.row);
  });
  for (auto match = open_.begin(); match != rest; ++match) {
    std::sort(match->values.begin(), match->values.end(),
              [](const auto& a, const auto& b) { return a.from < b.from; });
    found_(*match);
  }
  open_.erase(open_.begin(), rest);
}

}  // namespace shoumi::registry
