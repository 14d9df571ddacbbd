#include "rules/engine/markings/around.h"
#include "rules/engine/markings/shape.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

using std::string_view;
using namespace std::literals::string_view_literals;

constexpr uint8_t kConfidenceName = 88;

}  // namespace

Shape NameShape(const Candidate& candidate, const LevelWord& word, const Line& line) {
  const string_view text = candidate.text;
  string_view left = text.substr(line.from, word.from - line.from);
  left = left.substr(left.find_last_of("/\\") + 1);
  size_t to = word.to;
  to += text.substr(to).starts_with("级") ? string_view("级").size() : 0;
  for (const string_view thing : {"文件", "资料", "材料", "档案"}) {
    if (text.substr(to).starts_with(thing)) {
      to += thing.size();
      break;
    }
  }
  const string_view right = to >= line.to ? string_view() : text.substr(to, line.to - to);
  const auto edge = [](const CodePoint& c) {
    return c.bytes == 0 || IsSpace(c.value) || IsDash(c.value) ||
           U"_【】[]()〔〕〖〗.·•+&#★☆~{}|,;"sv.find(c.value) != std::u32string_view::npos;
  };
  for (const string_view owner : {"内部", "公司", "商业", "核心"}) {
    if (left.ends_with(owner) && word.level != v1::LEVEL_CONFIDENTIAL) {
      left.remove_suffix(owner.size());
      break;
    }
  }
  const CodePoint before = CharBefore(left, left.size());
  const CodePoint after = CharAt(right, 0);
  if (!edge(before) || !edge(after) || NamesOtherLevel(left, word) ||
      NamesOtherLevel(right, word)) {
    return No();
  }
  if (!word.chinese()) {
    const bool hard = !IsSpace(after.value) || StartsWithAny(Trim(right), {"-", "—", "("});
    const bool hard_left = !IsSpace(before.value) || EndsWithAny(Trim(left), {"-", "—"});
    const bool joined = after.value == '-' || after.value == '_' || before.value == '_';
    if (word.letters == LetterCase::kLower ||
        (word.letters == LetterCase::kTitle && !(hard && hard_left)) ||
        (word.level == v1::LEVEL_SECRET && (!hard || !hard_left)) ||
        (joined && word.letters != LetterCase::kUpper && word.level == v1::LEVEL_SECRET)) {
      return No();
    }
  }
  if (StartsWithAny(right,
                    {".pem", ".key", ".env", ".yaml", ".yml", ".json", ".h", ".cc", ".py"})) {
    return No(Reject::kContext);
  }
  return {Reject::kNone, kConfidenceName, to, std::nullopt};
}

}  // namespace shoumi::rules
