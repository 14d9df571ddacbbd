#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

// Numbers as people write them: groups of figures with one separator between each two.
namespace shoumi::rules {

enum class Join : uint8_t { kNone, kSpace, kHyphen, kDot };
enum class Alphabet : uint8_t { kDigits, kAlnum };

// Characters of a number without its separators.
struct Lengths {
  size_t min = 0;
  size_t max = 0;
};

struct Group {
  size_t from;
  size_t to;
  [[nodiscard]] size_t size() const { return to - from; }
};

// The groups around an anchor. Bounded each way; groups further out do not matter to any validator.
struct GroupRun {
  static constexpr size_t kGroupsEachWayMax = 12;
  static constexpr size_t kGroupsMax = 2 * kGroupsEachWayMax + 2;

  GroupRun() {}  // leaves what lies beyond `count` as it is: one is made for every anchor

  std::array<Group, kGroupsMax> groups;
  std::array<Join, kGroupsMax> joins;  // joins[i] lies between groups[i] and groups[i + 1]
  size_t count = 0;
  bool lower = false;       // some letter is in lower case
  size_t anchor_first = 0;  // groups the anchor overlaps or touches
  size_t anchor_last = 0;
};

// What the validators of one anchor have read of it, each alphabet once. One thread at a time.
struct GroupRuns {
  // Not optionals: those are cleared, and one is made for every anchor.
  std::array<GroupRun, 2> by_alphabet;
  std::array<bool, 2> read{};
};

}  // namespace shoumi::rules
