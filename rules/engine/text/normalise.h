#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Normalised text is what patterns and validators see: see FoldOf() for what changes. Each
// character is folded by itself, so text may be cut anywhere between characters with the same
// result. Digits stay apart where spaces or hyphens part them: anchors and validators look through
// separators, which keeps every offset meaningful and costs one pass instead of two.
namespace shoumi::rules {

// From offsets in normalised text back to offsets in the original. Holds an entry only where the
// lengths of the two differ. Offsets in normalised text are relative to Rebase()'s last origin.
class OffsetMap {
 public:
  void Reset(uint32_t norm, uint64_t original);
  // `norm_size` bytes at `norm` stand for `original_size` bytes at `original`. In ascending order.
  void Add(uint32_t norm, uint8_t norm_size, uint64_t original, uint8_t original_size);
  // Makes `norm` the new zero. Offsets before it can no longer be asked for.
  void Rebase(uint32_t norm);

  // Where the character that gave the byte at `norm` starts, and where the one that gave the byte
  // before `norm` ends. Both never decrease.
  [[nodiscard]] uint64_t Start(uint32_t norm) const;
  [[nodiscard]] uint64_t End(uint32_t norm) const;
  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    uint64_t original = 0;
    uint32_t norm = 0;
    uint8_t norm_size = 0;
    uint8_t original_size = 0;
  };
  [[nodiscard]] const Entry& Before(uint32_t norm) const;

  std::vector<Entry> entries_ = {Entry{}};  // the first is where the text starts
};

// Appends the normalised form of all of `text` to `out`, which must have room for text.size()
// bytes: folding never makes text longer. `norm` is the offset of `out` for the map, `original`
// that of `text`. Returns the bytes written. Any bytes are accepted; malformed UTF-8 is passed on
// as it is.
size_t Normalise(std::string_view text, char* out, uint32_t norm, uint64_t original,
                 OffsetMap& map);

std::string NormaliseText(std::string_view text);

}  // namespace shoumi::rules
