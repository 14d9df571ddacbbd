#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/engine/validator.h"

// Numbers as people write them: groups of figures with one separator between each two.
namespace shoumi::rules {

enum class Join : uint8_t { kNone, kSpace, kHyphen, kDot };
enum class Alphabet : uint8_t { kDigits, kAlnum };

struct Group {
  size_t from = 0;
  size_t to = 0;
  [[nodiscard]] size_t size() const { return to - from; }
};

// The groups around an anchor. Bounded each way; groups further out do not matter to any validator.
struct GroupRun {
  static constexpr size_t kGroupsEachWayMax = 12;
  static constexpr size_t kGroupsMax = 2 * kGroupsEachWayMax + 2;

  std::array<Group, kGroupsMax> groups;
  std::array<Join, kGroupsMax> joins;  // joins[i] lies between groups[i] and groups[i + 1]
  size_t count = 0;
  size_t anchor_first = 0;  // groups the anchor overlaps or touches
  size_t anchor_last = 0;
};

// `count` is 0 when the anchor touches no character of the alphabet.
GroupRun ReadGroups(const Candidate& candidate, Alphabet alphabet);

// Consecutive groups of a run taken as one number.
struct Window {
  size_t first = 0;
  size_t last = 0;
  size_t length = 0;          // characters without separators
  Join join = Join::kNone;    // the separator, when it is the same between all groups
  bool mixed = false;         // separators differ
  Join before = Join::kNone;  // how the window hangs together with the groups outside it
  Join after = Join::kNone;
  [[nodiscard]] bool single() const { return first == last; }
};

struct Windows {
  static constexpr size_t kMax = 64;
  std::array<Window, kMax> items;
  size_t count = 0;
  [[nodiscard]] const Window* begin() const { return items.data(); }
  [[nodiscard]] const Window* end() const { return items.data() + count; }
};
// Windows that overlap the anchor with a length in [min, max]: single groups first, then longer
// before shorter.
Windows WindowsOf(const GroupRun& run, size_t length_min, size_t length_max);

// The characters of a window without separators, upper case.
std::string Compact(std::string_view text, const GroupRun& run, const Window& window);

// Sizes of the groups as figures: "684" for 6-8-4. Empty when a group is longer than 9.
std::string GroupShape(const GroupRun& run, const Window& window);

// True when the groups outside the window show that it is cut out of something longer:
// 10.1.2.3, 2024-0001-13812345678, or 4-4-4-4 followed by another four.
bool CutOut(const GroupRun& run, const Window& window);

}  // namespace shoumi::rules
