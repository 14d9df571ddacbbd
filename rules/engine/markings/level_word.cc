#include "rules/engine/markings/level_word.h"

#include <algorithm>
#include <array>

#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

constexpr size_t kSpacesBetweenMax = 4;
constexpr size_t kBackBytesMax = 16;

v1::Level LevelOf(char32_t c) {
  switch (c) {
    case U'绝':
    case U'絕':
      return v1::LEVEL_TOP_SECRET;
    case U'机':
    case U'機':
      return v1::LEVEL_SECRET;
    case U'秘':
    case U'祕':
      return v1::LEVEL_CONFIDENTIAL;
    default:
      return v1::LEVEL_UNSPECIFIED;
  }
}

// Letters of `word` (lower case) at `at`; a space in it stands for a space, '_' or '-'.
bool Matches(std::string_view text, size_t at, std::string_view word) {
  if (text.size() - at < word.size()) {
    return false;
  }
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = text[at + i];
    const bool gap = word[i] == ' ' && (c == ' ' || c == '_' || c == '-');
    if (!gap && ToLower(c) != word[i]) {
      return false;
    }
  }
  return true;
}

LetterCase CaseOf(std::string_view word) {
  if (!IsUpper(word[0])) {
    return LetterCase::kLower;
  }
  const bool upper = std::none_of(word.begin(), word.end(), IsLower);
  return upper ? LetterCase::kUpper : LetterCase::kTitle;
}

struct English {
  std::string_view word;
  v1::Level level;
};
constexpr std::array<English, 3> kEnglish = {{{"top secret", v1::LEVEL_TOP_SECRET},
                                              {"secret", v1::LEVEL_SECRET},
                                              {"confidential", v1::LEVEL_CONFIDENTIAL}}};

LevelWord ReadEnglish(std::string_view text, size_t at) {
  if (at > 0 && IsAlnum(text[at - 1])) {
    return {};
  }
  for (const English& english : kEnglish) {
    const size_t end = at + english.word.size();
    if (Matches(text, at, english.word) && (end >= text.size() || !IsAlnum(text[end]))) {
      return {at, end, english.level, CaseOf(text.substr(at, english.word.size()))};
    }
  }
  return {};
}

}  // namespace

LevelWord ReadLevelWord(std::string_view text, size_t at) {
  const CodePoint first = CharAt(text, at);
  if (first.bytes == 1) {
    return ReadEnglish(text, at);
  }
  const v1::Level level = LevelOf(first.value);
  if (level == v1::LEVEL_UNSPECIFIED) {
    return {};
  }
  size_t end = at + first.bytes;
  CodePoint next = CharAt(text, end);
  for (size_t i = 0; i < kSpacesBetweenMax && IsSpace(next.value); ++i) {
    end += next.bytes;
    next = CharAt(text, end);
  }
  if (next.value != U'密') {
    return {};
  }
  return {at, end + next.bytes, level, LetterCase::kNone};
}

LevelWord FindLevelWord(std::string_view text, size_t from, size_t to) {
  size_t at = CharFloor(text, from > kBackBytesMax ? from - kBackBytesMax : 0);
  while (at <= to && at < text.size()) {
    const LevelWord word = ReadLevelWord(text, at);
    if (word.found() && word.to >= from) {
      return word;
    }
    at += CharAt(text, at).bytes;
  }
  return {};
}

bool NamesOtherLevel(std::string_view text, const LevelWord& word) {
  for (size_t at = 0; at < text.size(); at += CharAt(text, at).bytes) {
    const LevelWord other = ReadLevelWord(text, at);
    if (other.found() && other.level != word.level && other.chinese() == word.chinese()) {
      return true;
    }
  }
  return false;
}

std::string_view Canonical(const LevelWord& word) {
  switch (word.level) {
    case v1::LEVEL_TOP_SECRET:
      return word.chinese() ? "绝密" : "TOP SECRET";
    case v1::LEVEL_SECRET:
      return word.chinese() ? "机密" : "SECRET";
    default:
      return word.chinese() ? "秘密" : "CONFIDENTIAL";
  }
}

}  // namespace shoumi::rules
