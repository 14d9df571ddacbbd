#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "rules/engine/markings/line.h"
#include "rules/engine/markings/shape.h"

// What stands before and behind a level word, as far as more than one shape asks.
namespace shoumi::rules {

inline constexpr size_t kTitleCharsMax = 50;
inline constexpr size_t kBannerCharsMax = 80;

Shape No(Reject reject = Reject::kProse);

bool StartsWithAny(std::string_view text, std::initializer_list<std::string_view> list);
bool EndsWithAny(std::string_view text, std::initializer_list<std::string_view> list);

// The line up to `to`, and from `from` on.
std::string_view Left(const Candidate& candidate, const Line& line, size_t to);
std::string_view Right(const Candidate& candidate, const Line& line, size_t from);

bool OpensQuote(std::string_view left);
// The sentence goes on behind the word: 机密的, 秘密级是指, 绝密、机密.
bool GoesOn(std::string_view right);
// Words that introduce an example or an instruction to mark, not a marking.
bool SpeaksOfMarking(std::string_view left);
// Nothing in front, or a short entry of its own such as a number of copies or an organisation.
bool LeftIsClear(std::string_view left);
// Nothing behind, or something that does not go on with the word.
bool StartsApart(std::string_view right);
// The label (密级, Classification) that ends at the end of `left`; its length in bytes or 0.
size_t LabelLength(std::string_view left);

// Behind 级, which may follow the word at `at`.
size_t AfterLevelSuffix(std::string_view text, size_t at);
size_t SkipSpaces(std::string_view text, size_t at);

// Among the first lines of a part that starts the document.
bool NearStart(const Candidate& candidate, const Line& line);

}  // namespace shoumi::rules
