#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rules/engine/text/utf8.h"

// Text as a row of units, which is what is compared between documents: a word in letters and
// digits, in any case, or one character of a script without spaces (Han, kana, hangul). Spaces,
// line ends, punctuation and layout are no units, so that a document reformatted has the same ones.
namespace shoumi::documents {

struct Unit {
  uint64_t hash = 0;  // not keyed
  uint64_t from = 0;  // in the part's normalised text
  uint64_t to = 0;
};

enum class CharacterKind : uint8_t { kBetween, kInWord, kAlone };
CharacterKind KindOf(char32_t c);

// Reads normalised text (rules/engine/text/normalise.h). Not thread-safe.
class UnitReader {
 public:
  void BeginPart() { *this = UnitReader(); }

  // The next text of the part, cut between any two characters. `sink` is called with each Unit that
  // has ended.
  template <class Sink>
  void Read(std::string_view text, Sink&& sink) {
    size_t at = 0;
    while (at < text.size()) {
      const char first = text[at];
      if (static_cast<unsigned char>(first) < 0x80) {
        if (rules::IsAlnum(first)) {
          Extend(static_cast<unsigned char>(rules::ToLower(first)), at, 1);
        } else {
          EndWord(sink);
        }
        ++at;
        continue;
      }
      if (static_cast<unsigned char>(first) >= 0xE4 && static_cast<unsigned char>(first) <= 0xE9 &&
          text.size() - at >= 3) {
        // U+4000 to U+9FFF, most of what Chinese text has.
        const auto c = static_cast<char32_t>((first & 0x0F) << 12 | (text[at + 1] & 0x3F) << 6 |
                                             (text[at + 2] & 0x3F));
        EndWord(sink);
        sink(Unit{HashOf(c), read_ + at, read_ + at + 3});
        at += 3;
        continue;
      }
      const rules::CodePoint c = rules::CharAt(text, at);
      const size_t bytes = c.bytes > 0 ? c.bytes : 1;
      switch (KindOf(c.value)) {
        case CharacterKind::kInWord:
          Extend(c.value, at, bytes);
          break;
        case CharacterKind::kAlone:
          EndWord(sink);
          sink(Unit{HashOf(c.value), read_ + at, read_ + at + bytes});
          break;
        case CharacterKind::kBetween:
          EndWord(sink);
          break;
      }
      at += bytes;
    }
    read_ += text.size();
  }
  template <class Sink>
  void EndPart(Sink&& sink) {
    EndWord(sink);
  }

 private:
  // Spread over all bits; what mixes them is the hash of the gram.
  static uint64_t HashOf(char32_t c) { return (uint64_t{c} + 1) * 0xFF51AFD7ED558CCD; }
  void Extend(char32_t c, size_t at, size_t bytes) {
    if (word_hash_ == 0) word_from_ = read_ + at;
    word_hash_ = ((word_hash_ ^ (c + 1)) * 0x9E3779B97F4A7C15) | 1;
    word_to_ = read_ + at + bytes;
  }
  template <class Sink>
  void EndWord(Sink&& sink) {
    if (word_hash_ == 0) return;
    sink(Unit{word_hash_, word_from_, word_to_});
    word_hash_ = 0;
  }

  uint64_t read_ = 0;
  uint64_t word_hash_ = 0;  // 0: not in a word
  uint64_t word_from_ = 0;
  uint64_t word_to_ = 0;
};

}  // namespace shoumi::documents
