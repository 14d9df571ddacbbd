#include "rules/engine/keyword_index.h"

#include <algorithm>

#include "rules/engine/text/utf8.h"
#include "rules/engine/text_window.h"

namespace shoumi::rules {
namespace {

constexpr size_t kSearchBytes = 1024;  // a search costs a call, so not less at a time

}  // namespace

absl::Status KeywordIndex::Prepare() {
  return rules_.words_image == nullptr ? absl::OkStatus() : scratch_.Fit(*rules_.words_image);
}

void KeywordIndex::Reset(std::string_view text) {
  text_ = text;
  hits_.clear();
  covered_from_ = 0;
  covered_to_ = 0;
}

bool KeywordIndex::StandsAlone(const CompiledRules::Word& word, size_t start, size_t end) const {
  if (word.boundary_before && start > 0 && IsAlnum(text_[start - 1])) return false;
  return !word.boundary_after || end >= text_.size() || !IsAlnum(text_[end]);
}

void KeywordIndex::Search(size_t from, size_t to) {
  struct Call {
    KeywordIndex* index;
    size_t origin;
    size_t after;
  };
  const size_t origin = from > kWordBytesMax ? from - kWordBytesMax : 0;
  Call call{this, origin, from};
  hs_scan(
      rules_.words_image->get(), text_.data() + origin, static_cast<unsigned>(to - origin), 0,
      scratch_.get(),
      [](unsigned id, unsigned long long, unsigned long long end, unsigned, void* context) {
        auto& [index, start_of_search, after] = *static_cast<Call*>(context);
        const size_t at = start_of_search + static_cast<size_t>(end);
        const CompiledRules::Word& word = index->rules_.words[id];
        if (at > after && index->StandsAlone(word, at - word.size, at)) {
          index->hits_.push_back({static_cast<uint32_t>(at), id});
        }
        return 0;
      },
      &call);
}

void KeywordIndex::Cover(size_t from, size_t to) {
  if (from < covered_from_ || from > covered_to_) {
    hits_.clear();
    covered_from_ = from > kLookBytes ? from - kLookBytes : 0;
    covered_to_ = covered_from_;
  }
  if (to <= covered_to_) return;
  const size_t end = std::min(std::max(to, covered_to_ + kSearchBytes), text_.size());
  const size_t old_hits = hits_.size();
  Search(covered_to_, end);
  const auto by_end = [](const Hit& a, const Hit& b) { return a.end < b.end; };
  const auto added = hits_.begin() + static_cast<std::ptrdiff_t>(old_hits);
  if (!std::is_sorted(added, hits_.end(), by_end)) std::sort(added, hits_.end(), by_end);
  covered_to_ = end;
}

bool KeywordIndex::Near(uint32_t list, size_t from, size_t to, uint32_t within_chars) {
  if (rules_.words_image == nullptr) return false;
  const size_t reach = 4 * static_cast<size_t>(within_chars);
  const size_t low = from > reach ? from - reach : 0;
  const size_t high = std::min(text_.size(), to + reach + kWordBytesMax);
  Cover(low, high);
  auto hit = std::lower_bound(hits_.begin(), hits_.end(), low,
                              [](const Hit& a, size_t value) { return a.end < value; });
  for (; hit != hits_.end() && hit->end <= high; ++hit) {
    if (!InList(hit->word, list)) continue;
    const size_t start = hit->end - rules_.words[hit->word].size;
    if (hit->end > from && start < to) return true;
    const std::string_view gap =
        hit->end <= from ? text_.substr(hit->end, from - hit->end) : text_.substr(to, start - to);
    if (gap.size() <= within_chars || CountCharacters(gap) <= within_chars) return true;
  }
  return false;
}

std::vector<KeywordIndex::ListSet> KeywordIndex::ListsOfCells(std::string_view line) {
  std::vector<ListSet> cells;
  if (rules_.words_image == nullptr) return cells;
  Reset(line);
  Search(0, line.size());
  size_t cell_start = 0;
  const size_t blocks = (rules_.list_count + 63) / 64;
  while (cell_start <= line.size()) {
    const size_t cell_end = std::min(line.find('\t', cell_start), line.size());
    ListSet lists(blocks);
    for (const Hit& hit : hits_) {
      if (hit.end <= cell_start || hit.end > cell_end) continue;
      const ListSet& of_word = rules_.words[hit.word].lists;
      for (size_t i = 0; i < blocks; ++i) lists[i] |= of_word[i];
    }
    cells.push_back(std::move(lists));
    cell_start = cell_end + 1;
  }
  return cells;
}

}  // namespace shoumi::rules
