#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "rules/engine/pack.h"
#include "rules/engine/text/normalise.h"
#include "rules/engine/validator.h"
#include "rules/registry/matcher.h"

namespace shoumi::rules {

// How far from an anchor anything is looked at: a validator's reach, then the longest distance of a
// word in characters of at most four bytes, then the word; or what the values of a client's row may
// be apart.
inline constexpr size_t kLookBytes =
    std::max(kValidatorLookBytesMax + 4 * kWithinCharsMax + 2 * kWordBytesMax,
             registry::Matcher::kLookBytes);
inline constexpr size_t kWindowBytesDefault = 256 << 10;
inline constexpr size_t kWindowBytesMin = 4 * kLookBytes;

// A stretch of a part's normalised text. Text is judged in windows that overlap: what ends in
// (commit_begin, commit_end] belongs to this window, and there are kLookBytes of text on both sides
// of it, or the part begins or ends there. Offsets are relative to the window's text.
class TextWindow {
 public:
  explicit TextWindow(size_t bytes_max);

  void BeginPart();
  // Normalises as much of `text` as there is room for and returns how much that was.
  size_t Fill(std::string_view text);
  [[nodiscard]] bool full() const { return size_ + 4 > bytes_max_; }
  // No more text follows in this part.
  void EndPart();
  // Drops what is committed but for the text behind that the next window looks at.
  void Advance();

  [[nodiscard]] std::string_view text() const { return {storage_.data() + 1, size_}; }
  // The text in [from, to). From -1 it starts with the line feed that stands for the start of the
  // part; up to the end of the part it ends with the one that stands for that.
  [[nodiscard]] std::string_view Edged(ptrdiff_t from, size_t to) const;
  [[nodiscard]] bool starts_part() const { return base_ == 0; }
  [[nodiscard]] bool ends_part() const { return ends_part_; }
  [[nodiscard]] size_t commit_begin() const { return commit_begin_; }
  [[nodiscard]] size_t commit_end() const;
  // Offset of the window's text in the part's normalised text.
  [[nodiscard]] uint64_t base() const { return base_; }
  [[nodiscard]] uint64_t OriginalStart(size_t at) const;
  [[nodiscard]] uint64_t OriginalEnd(size_t at) const;

 private:
  size_t bytes_max_;
  std::vector<char> storage_;  // line feed, text, line feed
  size_t size_ = 0;
  size_t commit_begin_ = 0;
  uint64_t base_ = 0;
  uint64_t original_ = 0;  // bytes of original text taken
  bool ends_part_ = false;
  OffsetMap map_;
};

}  // namespace shoumi::rules
