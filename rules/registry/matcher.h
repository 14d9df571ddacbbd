#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "rules/registry/block_places.h"
#include "rules/registry/index.h"

namespace shoumi::registry {

// A stretch of normalised text, with the text around it that a value in it may reach into.
struct Stretch {
  std::string_view text;
  uint64_t base = 0;  // of `text` in its part
  size_t begin = 0;   // what starts in [begin, end) belongs to this stretch
  size_t end = 0;
  bool last = false;  // of its part
};

// When a row is found.
struct RowRule {
  uint32_t columns_min = 1;     // different ones of the row
  uint32_t within_chars = 200;  // from the start of the first to the end of the last; see below
};

// A row that a rule found. Offsets are in the part's normalised text. Values of one row that stand
// together, each within reach of another, are one match.
struct RowMatch {
  struct Value {
    uint8_t column = 0;
    uint64_t from = 0;
    uint64_t to = 0;
  };
  uint32_t rule = 0;
  uint32_t row = 0;
  v1::Level level = v1::LEVEL_NONE;
  uint16_t columns = 0;  // bit n: column n
  uint64_t from = 0;
  uint64_t to = 0;
  std::vector<Value> values;  // disjoint, in order of offset, within the stretch's text
};

// Finds the rows of a registry in text. A value is found across spaces, line ends and punctuation,
// up to kGapCharsMax characters of them in a row; a number also in groups that one space or hyphen
// parts. Not thread-safe.
class Matcher {
 public:
  static constexpr uint32_t kWithinCharsMax = 400;
  static constexpr size_t kGroupsMax = 6;  // of a number
  // How far around a stretch the text has to reach, or the part end.
  static constexpr size_t kLookBytes = size_t{4} * kWithinCharsMax + 1024;

  using Found = std::function<void(const RowMatch&)>;

  // Bounds of `rules` are held to kWithinCharsMax. `index` outlives the matcher.
  Matcher(const Index& index, std::vector<RowRule> rules, Found found);

  void BeginPart();
  // Stretches of a part in order, to the last one. Matches are told in order of offset, once all
  // that may belong to them has been seen; their values stand in the stretch that is scanned.
  void Scan(const Stretch& stretch);

 private:
  struct Candidate {
    uint64_t hash = 0;
    uint32_t at = 0;   // of the anchor, in the text
    uint32_t to = 0;   // end of a word or number
    uint8_t size = 0;  // of a number, in symbols
    Anchor anchor = Anchor::kGram;
  };
  struct Hit {
    uint32_t row = 0;
    uint8_t column = 0;
    bool is_short = false;
    uint64_t from = 0;
    uint64_t to = 0;
  };
  struct Extent {
    size_t from = 0;
    size_t to = 0;
  };
  static constexpr size_t kBatch = 64;

  void ReadStretch();
  void ReadRest(size_t at);
  size_t MayBeGram(size_t at);
  void Grams(size_t at);
  void PushGram(size_t at, const std::array<char32_t, 3>& gram);
  size_t Words(size_t at);
  void Number(size_t at, size_t first_end);
  void Push(const Candidate& candidate);
  void Flush();
  void Look(const Candidate& candidate);
  // What stands at a candidate, read as a value of this size and offset.
  struct Reading {
    uint8_t size = 0;
    uint8_t offset = 0;
    bool is_value = false;
    uint32_t check = 0;
    Extent extent;
  };
  const Reading& Read(const Candidate& candidate, const Record::Fields& fields);
  bool ConfirmText(const Candidate& candidate, const Record::Fields& fields, Extent& extent);
  void OnHit(const Record::Fields& fields, const Extent& extent);
  void ShortOnes(uint32_t row, const Extent& around, std::vector<Hit>& of_row);
  void Decide(uint32_t row, std::vector<Hit>& of_row);
  void Extend(const RowMatch& match);
  void Tell(uint64_t before);

  const Index& index_;
  std::vector<RowRule> rules_;
  Found found_;
  Starts starts_;
  uint32_t within_chars_max_ = 0;
  bool wants_short_ = false;
  Stretch stretch_;
  std::array<Candidate, kBatch> batch_;
  size_t batched_ = 0;
  std::vector<Reading> readings_;  // of the candidate that is looked at
  std::u32string symbols_;
  std::deque<Hit> recent_;
  std::vector<Hit> taken_;
  // By rule and row: up to where it has been found.
  absl::flat_hash_map<uint64_t, uint64_t> told_;
  std::vector<RowMatch> open_;  // that more values may belong to
};

}  // namespace shoumi::registry
