#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "rules/engine/text/dates.h"

// How long a document stays classified. Law on Guarding State Secrets, art. 20; GB/T 9704-2012,
// 7.2.2: a term in years, months or days from the day of issue, a date, or an event.
namespace shoumi::rules {

struct Term {
  std::string text;  // as written, without the star
  size_t bytes = 0;  // length read
  int months = 0;    // with days: a length of time; both 0: none
  int days = 0;
  std::optional<Date> date;  // last day or, when `before`, first day after
  bool before = false;
};

// A term at the very start of `text`; nullopt when there is none.
std::optional<Term> ReadTerm(std::string_view text);

// The day the document was issued, as `text` states it: labelled (印发日期：…), …印发, or a line
// that holds a date and nothing else. The latest of several, so that a doubtful date never ends a
// classification early.
std::optional<Date> FindIssueDate(std::string_view text);

struct End {
  std::optional<Date> date;
  bool expired = false;
};
// `today` ISO 8601. Without an issue date a length of time does not end.
End EndOf(const Term& term, const std::optional<Date>& issued, std::string_view today);

}  // namespace shoumi::rules
