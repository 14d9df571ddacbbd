#include "rules/engine/text/normalise.h"

#include <algorithm>
#include <cstring>

#include "rules/engine/text/fold.h"

namespace shoumi::rules {

void OffsetMap::Reset(uint32_t norm, uint64_t original) {
  entries_.assign(1, Entry{original, norm, 0, 0});
}

void OffsetMap::Add(uint32_t norm, uint8_t norm_size, uint64_t original, uint8_t original_size) {
  entries_.push_back({original, norm, norm_size, original_size});
}

const OffsetMap::Entry& OffsetMap::Before(uint32_t norm) const {
  const auto after =
      std::upper_bound(entries_.begin() + 1, entries_.end(), norm,
                       [](uint32_t value, const Entry& entry) { return value < entry.norm; });
  return *(after - 1);
}

uint64_t OffsetMap::Start(uint32_t norm) const {
  const Entry& entry = Before(norm);
  if (norm < entry.norm + entry.norm_size) return entry.original;
  return entry.original + entry.original_size + (norm - entry.norm - entry.norm_size);
}

uint64_t OffsetMap::End(uint32_t norm) const {
  if (norm <= entries_.front().norm) return entries_.front().original;
  const Entry& entry = Before(norm - 1);
  if (norm - 1 < entry.norm + entry.norm_size) return entry.original + entry.original_size;
  return entry.original + entry.original_size + (norm - entry.norm - entry.norm_size);
}

void OffsetMap::Rebase(uint32_t norm) {
  const Entry& last = Before(norm);
  const auto index = static_cast<size_t>(&last - entries_.data());
  Entry first = last;
  if (norm >= first.norm + first.norm_size) {
    first = {Start(norm), norm, 0, 0};
  }
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(index));
  entries_.front() = first;
  for (Entry& entry : entries_) entry.norm = entry.norm >= norm ? entry.norm - norm : 0;
}

namespace {

// The longest beginning of `text` that is no longer than a block and ends no character in two.
std::string_view BlockOf(std::string_view text) {
  constexpr size_t kTailBytesMax = 3;
  if (text.size() <= kFoldBlockBytes) return text;
  size_t size = kFoldBlockBytes;
  while (size > kFoldBlockBytes - kTailBytesMax &&
         (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
    --size;
  }
  return text.substr(0, size);
}

}  // namespace

size_t Normalise(std::string_view text, char* out, uint32_t norm, uint64_t original,
                 OffsetMap& map) {
  FoldOffsets offsets;
  char* end = out;
  size_t begin = 0;
  while (begin < text.size()) {
    const std::string_view block = BlockOf(text.substr(begin));
    const size_t count = FindFolds(block, offsets);
    size_t at = 0;
    for (size_t i = 0; i < count; ++i) {
      const size_t hit = offsets[i];
      const Character c = CharacterAt(block, hit);
      const Fold fold = FoldOf(c.value);
      if (!fold.folded) continue;
      std::memcpy(end, block.data() + at, hit - at);
      end += hit - at;
      if (fold.size != c.size) {
        map.Add(norm + static_cast<uint32_t>(end - out), fold.size, original + begin + hit, c.size);
      }
      std::memcpy(end, fold.bytes, fold.size);
      end += fold.size;
      at = hit + c.size;
    }
    std::memcpy(end, block.data() + at, block.size() - at);
    end += block.size() - at;
    begin += block.size();
  }
  return static_cast<size_t>(end - out);
}

std::string NormaliseText(std::string_view text) {
  std::string out(text.size(), '\0');
  OffsetMap map;
  out.resize(Normalise(text, out.data(), 0, 0, map));
  return out;
}

}  // namespace shoumi::rules
