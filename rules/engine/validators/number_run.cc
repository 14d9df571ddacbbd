#include "rules/engine/validators/number_run.h"

#include <algorithm>
#include <tuple>

#include "rules/engine/text/byte_set.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

constexpr ByteSet kDigitBytes("0123456789");
constexpr ByteSet kAlnumBytes("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

const ByteSet& BytesOf(Alphabet alphabet) {
  return alphabet == Alphabet::kDigits ? kDigitBytes : kAlnumBytes;
}

bool In(Alphabet alphabet, char c) {
  return BytesOf(alphabet).Holds(c);
}

// False for a byte of ASCII that no separator holds: what stands next to most numbers.
bool MayJoin(char c) {
  return (static_cast<unsigned char>(c) & 0x80U) != 0 || c == ' ' || c == '-' || c == '.';
}

struct Separator {
  Join join = Join::kNone;
  size_t bytes = 0;
};

Join JoinOf(char32_t c) {
  if (IsSpace(c)) {
    return Join::kSpace;
  }
  if (IsDash(c)) {
    return Join::kHyphen;
  }
  return c == '.' || c == 0xB7 ? Join::kDot : Join::kNone;
}

// One separator at `at`, or a hyphen with one space on either side.
Separator SeparatorAt(std::string_view text, size_t at) {
  if (at >= text.size() || !MayJoin(text[at])) {
    return {};
  }
  const CodePoint first = CharAt(text, at);
  const Join join = JoinOf(first.value);
  if (join == Join::kDot || join == Join::kNone) {
    return {join, first.bytes};
  }
  const CodePoint second = CharAt(text, at + first.bytes);
  const Join next = JoinOf(second.value);
  if (join == Join::kHyphen) {
    return next == Join::kSpace ? Separator{join, first.bytes + second.bytes}
                                : Separator{join, first.bytes};
  }
  if (next != Join::kHyphen) {
    return {join, first.bytes};
  }
  const CodePoint third = CharAt(text, at + first.bytes + second.bytes);
  const size_t bytes = first.bytes + second.bytes;
  return {next, IsSpace(third.value) ? bytes + third.bytes : bytes};
}

// The same, read backwards from `at`.
Separator SeparatorBefore(std::string_view text, size_t at) {
  if (at == 0 || !MayJoin(text[at - 1])) {
    return {};
  }
  size_t start = at;
  for (int i = 0; i < 3 && start > 0; ++i) {
    const CodePoint c = CharBefore(text, start);
    if (JoinOf(c.value) == Join::kNone) {
      break;
    }
    start -= c.bytes;
    const Separator whole = SeparatorAt(text, start);
    const CodePoint further = CharBefore(text, start);
    if (whole.bytes == at - start && JoinOf(further.value) == Join::kNone) {
      return whole;
    }
  }
  return {};
}

// Notes in `run` what it has read.
Group GroupAround(std::string_view text, Alphabet alphabet, size_t inside, GroupRun& run) {
  Group group{inside, inside + 1};
  const size_t low = inside > kValidatorLookBytesMax ? inside - kValidatorLookBytesMax : 0;
  const size_t high = std::min(text.size(), inside + kValidatorLookBytesMax);
  const ByteSet& bytes = BytesOf(alphabet);
  while (group.from > low && bytes.Holds(text[group.from - 1])) {
    --group.from;
  }
  while (group.to < high && bytes.Holds(text[group.to])) {
    ++group.to;
  }
  if (alphabet == Alphabet::kAlnum && !run.lower) {
    const std::string_view written = text.substr(group.from, group.size());
    run.lower = std::any_of(written.begin(), written.end(), IsLower);
  }
  return group;
}

// A character of the alphabet in the anchor, or just before it: an anchor may be no more than the
// end of a number, behind its check letter.
size_t FindInside(const Candidate& candidate, Alphabet alphabet) {
  constexpr size_t kBackBytesMax = 3;
  const std::string_view text = candidate.text;
  for (size_t at = candidate.from; at <= candidate.to && at < text.size(); ++at) {
    if (In(alphabet, text[at])) {
      return at;
    }
  }
  for (size_t back = 1; back <= kBackBytesMax && back <= candidate.from; ++back) {
    const size_t at = candidate.from - back;
    if (at < text.size() && In(alphabet, text[at])) {
      return at;
    }
  }
  return std::string_view::npos;
}

void Read(const Candidate& candidate, Alphabet alphabet, GroupRun& run) {
  const std::string_view text = candidate.text;
  const size_t inside = FindInside(candidate, alphabet);
  if (inside == std::string_view::npos) {
    return;
  }
  std::array<Group, GroupRun::kGroupsEachWayMax> left;
  std::array<Join, GroupRun::kGroupsEachWayMax> left_joins{};
  size_t left_count = 0;
  const Group middle = GroupAround(text, alphabet, inside, run);
  size_t edge = middle.from;
  while (left_count < left.size() && middle.from - edge < kValidatorLookBytesMax) {
    const Separator separator = SeparatorBefore(text, edge);
    const size_t end = edge - separator.bytes;
    if (separator.join == Join::kNone || end == 0 || !In(alphabet, text[end - 1])) {
      break;
    }
    left[left_count] = GroupAround(text, alphabet, end - 1, run);
    left_joins[left_count] = separator.join;
    edge = left[left_count++].from;
  }
  for (size_t i = 0; i < left_count; ++i) {
    run.groups[i] = left[left_count - 1 - i];
    run.joins[i] = left_joins[left_count - 1 - i];
  }
  run.count = left_count;
  run.groups[run.count++] = middle;
  const size_t room = run.count + GroupRun::kGroupsEachWayMax;
  edge = middle.to;
  while (run.count < room && edge - middle.to < kValidatorLookBytesMax) {
    const Separator separator = SeparatorAt(text, edge);
    const size_t start = edge + separator.bytes;
    if (separator.join == Join::kNone || start >= text.size() || !In(alphabet, text[start])) {
      break;
    }
    run.joins[run.count - 1] = separator.join;
    run.groups[run.count] = GroupAround(text, alphabet, start, run);
    edge = run.groups[run.count++].to;
  }
  run.anchor_first = left_count;
  run.anchor_last = left_count;
  while (run.anchor_last + 1 < run.count && run.groups[run.anchor_last + 1].from < candidate.to) {
    ++run.anchor_last;
  }
}

// A number of figures in one piece at the anchor that touches neither a letter nor a separator: the
// same in both alphabets.
bool IsWhole(const Candidate& candidate, const GroupRun& digits) {
  const std::string_view text = candidate.text;
  if (digits.count != 1 || candidate.from < digits.groups[0].from ||
      candidate.from >= digits.groups[0].to) {
    return false;
  }
  const auto apart = [](char c) { return !MayJoin(c) && !kAlnumBytes.Holds(c); };
  const Group& group = digits.groups[0];
  return (group.from == 0 || apart(text[group.from - 1])) &&
         (group.to >= text.size() || apart(text[group.to]));
}

}  // namespace

void FillGroups(const Candidate& candidate, Alphabet alphabet) {
  const auto index = static_cast<size_t>(alphabet);
  GroupRun& run = candidate.runs.by_alphabet[index];
  candidate.runs.read[index] = true;
  const auto digits = static_cast<size_t>(Alphabet::kDigits);
  if (candidate.runs.read[digits] && index != digits &&
      IsWhole(candidate, candidate.runs.by_alphabet[digits])) {
    run.groups[0] = candidate.runs.by_alphabet[digits].groups[0];
    run.count = 1;
    return;
  }
  Read(candidate, alphabet, run);
}

Windows WindowsOf(const GroupRun& run, Lengths lengths) {
  Windows found;
  if (run.count == 1) {  // most numbers
    const size_t length = run.groups[0].size();
    if (length >= lengths.min && length <= lengths.max) {
      found.items[found.count++] = {.first = 0,
                                    .last = 0,
                                    .length = length,
                                    .join = Join::kNone,
                                    .mixed = false,
                                    .before = Join::kNone,
                                    .after = Join::kNone};
    }
    return found;
  }
  for (size_t first = 0; first < run.count && first <= run.anchor_last; ++first) {
    Window window{.first = first,
                  .last = first,
                  .length = run.groups[first].size(),
                  .join = Join::kNone,
                  .mixed = false,
                  .before = first > 0 ? run.joins[first - 1] : Join::kNone,
                  .after = Join::kNone};
    while (window.length <= lengths.max) {
      if (window.last >= run.anchor_first && window.length >= lengths.min &&
          found.count < Windows::kMax) {
        window.after = window.last + 1 < run.count ? run.joins[window.last] : Join::kNone;
        found.items[found.count++] = window;
      }
      if (window.last + 1 >= run.count) {
        break;
      }
      const Join join = run.joins[window.last];
      window.mixed = window.mixed || (!window.single() && join != window.join);
      window.join = join;
      ++window.last;
      window.length += run.groups[window.last].size();
    }
  }
  if (found.count < 2) {
    return found;
  }
  std::sort(found.items.begin(), found.items.begin() + found.count,
            [](const Window& a, const Window& b) {
              return std::tuple(!a.single(), b.length, a.first, a.last) <
                     std::tuple(!b.single(), a.length, b.first, b.last);
            });
  return found;
}

CompactNumber::CompactNumber(std::string_view text, const GroupRun& run, const Window& window) {
  const Group& first = run.groups[window.first];
  if (window.single() && !run.lower) {
    view_ = text.substr(first.from, first.size());
    return;
  }
  size_t size = 0;
  for (size_t i = window.first; i <= window.last; ++i) {
    for (size_t at = run.groups[i].from; at < run.groups[i].to && size < kBytesMax; ++at) {
      bytes_[size++] = ToUpper(text[at]);
    }
  }
  view_ = {bytes_.data(), size};
}

void CompactNumber::Append(char c) {
  const size_t size = std::min(view_.size(), kBytesMax - 1);
  if (view_.data() != bytes_.data()) {
    std::copy_n(view_.data(), size, bytes_.data());
  }
  bytes_[size] = c;
  view_ = {bytes_.data(), size + 1};
}

std::string GroupShape(const GroupRun& run, const Window& window) {
  std::string shape;
  for (size_t i = window.first; i <= window.last; ++i) {
    const size_t size = run.groups[i].size();
    if (size > 9) {
      return {};
    }
    shape += static_cast<char>('0' + size);
  }
  return shape;
}

bool CutOut(const GroupRun& run, const Window& window) {
  const auto cut = [&](Join outside, size_t neighbour, size_t own, Join beyond) {
    if (outside == Join::kNone) {
      return false;
    }
    if (outside != Join::kSpace) {
      return true;
    }
    // Spaces also part neighbours in a table; a neighbour of the same size in a row of groups does
    // not look like one.
    // Nor does the first figure of a date.
    return !window.single() && window.join == Join::kSpace &&
           (beyond == Join::kNone || beyond == Join::kSpace) &&
           run.groups[neighbour].size() == run.groups[own].size();
  };
  const size_t left = window.first > 0 ? window.first - 1 : 0;
  const size_t right = window.last + 1 < run.count ? window.last + 1 : window.last;
  const Join left_beyond = left > 0 ? run.joins[left - 1] : Join::kNone;
  const Join right_beyond = right + 1 < run.count ? run.joins[right] : Join::kNone;
  return cut(window.before, left, window.first, left_beyond) ||
         cut(window.after, right, window.last, right_beyond);
}

}  // namespace shoumi::rules
