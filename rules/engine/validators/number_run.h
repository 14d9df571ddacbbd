#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "rules/engine/validator.h"
#include "rules/engine/validators/group_run.h"

namespace shoumi::rules {

void FillGroups(const Candidate& candidate, Alphabet alphabet);

// `count` is 0 when the anchor touches no character of the alphabet. Lives as long as `candidate`.
inline const GroupRun& ReadGroups(const Candidate& candidate, Alphabet alphabet) {
  const auto index = static_cast<size_t>(alphabet);
  if (!candidate.runs.read[index]) {
    FillGroups(candidate, alphabet);
  }
  return candidate.runs.by_alphabet[index];
}

// Consecutive groups of a run taken as one number.
struct Window {
  size_t first;
  size_t last;
  size_t length;  // characters without separators
  Join join;      // the separator, when it is the same between all groups
  bool mixed;     // separators differ
  Join before;    // how the window hangs together with the groups outside it
  Join after;
  [[nodiscard]] bool single() const { return first == last; }
};

struct Windows {
  static constexpr size_t kMax = 64;

  Windows() {}  // leaves what lies beyond `count` as it is: one is made for every validator

  std::array<Window, kMax> items;
  size_t count = 0;
  [[nodiscard]] const Window* begin() const { return items.data(); }
  [[nodiscard]] const Window* end() const { return items.data() + count; }
};
// Windows that overlap the anchor with such a length: single groups first, then longer before
// shorter.
Windows WindowsOf(const GroupRun& run, Lengths lengths);

// The characters of a window without separators, upper case. Allocates nothing, and copies nothing
// where the text is like that already: most numbers are rejected. The text outlives it.
class CompactNumber {
 public:
  static constexpr size_t kBytesMax = 64;

  CompactNumber(std::string_view text, const GroupRun& run, const Window& window);
  CompactNumber(const CompactNumber&) = delete;
  CompactNumber& operator=(const CompactNumber&) = delete;

  [[nodiscard]] std::string_view view() const { return view_; }
  void Append(char c);

 private:
  std::array<char, kBytesMax> bytes_;
  std::string_view view_;  // of the text, or of `bytes_`
};

// Sizes of the groups as figures: "684" for 6-8-4. Empty when a group is longer than 9.
std::string GroupShape(const GroupRun& run, const Window& window);

// True when the groups outside the window show that it is cut out of something longer:
// 10.1.2.3, 2024-0001-13812345678, or 4-4-4-4 followed by another four.
bool CutOut(const GroupRun& run, const Window& window);

}  // namespace shoumi::rules
