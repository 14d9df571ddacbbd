#include <algorithm>
#include <array>

#include "rules/engine/markings/around.h"
#include "rules/engine/markings/shape.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

using std::string_view;

// "Public	Anyone", or Public over its explanation: what explains levels names the open ones
// too.
bool IsRowOfOpenLevel(string_view line) {
  if (line == "Public" || line == "Unclassified" || line == "公开") {
    return true;
  }
  constexpr std::array<string_view, 7> kOpen = {"公开",   "内部",     "一般",        "普通",
                                                "Public", "Internal", "Unclassified"};
  return std::any_of(kOpen.begin(), kOpen.end(), [&](string_view word) {
    return line.starts_with(word) && line.size() > word.size() && line[word.size()] == '\t';
  });
}

}  // namespace

bool InListOfLevels(const Candidate& candidate, const LevelWord& word, const Line& line) {
  // 人员名单 秘密: the last column of a table.
  const auto ends_with_other = [&](string_view other) {
    for (const size_t back : {string_view("秘密级").size(), string_view("秘密").size()}) {
      if (other.size() <= back + 1) {
        continue;
      }
      const size_t at = other.size() - back;
      const CodePoint gap = CharBefore(other, at);
      const LevelWord found = CharFloor(other, at) == at ? ReadLevelWord(other, at) : LevelWord();
      if (found.found() && (IsSpace(gap.value) || gap.value == '\t')) {
        return found.level != word.level && word.chinese();
      }
    }
    return false;
  };
  const auto lists = [&](string_view other) {
    other = Trim(other.substr(NumberingLength(other)));
    if (ends_with_other(other) || IsRowOfOpenLevel(other)) {
      return true;
    }
    for (size_t i = 0; i < 3; ++i) {
      const CodePoint c = CharAt(other, 0);
      const LevelWord found = ReadLevelWord(other, 0);
      if (found.found()) {
        return found.level != word.level && found.chinese() == word.chinese();
      }
      if (c.bytes == 0 || IsHan(c.value)) {
        break;
      }
      other.remove_prefix(c.bytes);
    }
    return false;
  };
  const auto before = LinesBefore(candidate, line, 3);
  const auto after = LinesAfter(candidate, line, 3);
  return std::any_of(before.begin(), before.end(), lists) ||
         std::any_of(after.begin(), after.end(), lists);
}

}  // namespace shoumi::rules
