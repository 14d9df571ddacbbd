#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rules/engine/validator.h"

// The line a word stands on, as far as a validator may look.
namespace shoumi::rules {

struct Line {
  size_t from = 0;
  size_t to = 0;
  bool whole = true;  // both ends were seen
};

Line LineAt(const Candidate& candidate, size_t from, size_t to);
// The next `count` lines that are not blank, nearest first, before or after `line`.
std::vector<std::string_view> LinesBefore(const Candidate& candidate, const Line& line,
                                          size_t count);
std::vector<std::string_view> LinesAfter(const Candidate& candidate, const Line& line,
                                         size_t count);
// Lines that are not blank between the start of the part and `line`; npos when that is too far.
size_t LineIndex(const Candidate& candidate, const Line& line);

std::string_view Trim(std::string_view text);
std::string Lower(std::string_view text);  // ASCII letters
// Han characters and letters.
size_t CountLetters(std::string_view text);
// Starts with 1. 2、(3) 四、（五） ① - 第六章 and the like.
size_t NumberingLength(std::string_view text);
// The whole of it numbers a heading: 4 4.2 III. Article 9 - ## 3. 第六章; with `named` only when it
// says what is numbered (Article, 章).
bool IsHeadingNumber(std::string_view text, bool named);
// A comma, full stop or other mark inside sentences.
bool HasSentenceMark(std::string_view text);

}  // namespace shoumi::rules
