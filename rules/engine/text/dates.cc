#include "rules/engine/text/dates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

constexpr int kYearMin = 1900;
constexpr int kYearMax = 2199;

bool IsLeap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

// Reads 1..max_digits figures at `at`; returns their count.
size_t ReadFigures(std::string_view text, size_t at, size_t max_digits, int* value) {
  size_t count = 0;
  *value = 0;
  while (at + count < text.size() && count < max_digits && IsDigit(text[at + count])) {
    *value = *value * 10 + (text[at + count] - '0');
    ++count;
  }
  return count;
}

size_t SkipSpace(std::string_view text, size_t at) {
  const CodePoint c = CharAt(text, at);
  return IsSpace(c.value) ? at + c.bytes : at;
}

bool DigitAt(std::string_view text, size_t at) {
  return at < text.size() && IsDigit(text[at]);
}

// Advances over `unit` (年, 月, 日 ...) after at most one space; false leaves `at` alone.
bool Take(std::string_view text, size_t* at, std::string_view unit) {
  const size_t next = SkipSpace(text, *at);
  if (text.substr(next).starts_with(unit)) {
    *at = next + unit.size();
    return true;
  }
  return false;
}

std::optional<DateText> ReadHanDate(std::string_view text, int year, size_t at) {
  DateText found{{year, 1, 1}, 1, at};
  int month = 0;
  size_t next = SkipSpace(text, at);
  size_t figures = ReadFigures(text, next, 2, &month);
  next += figures;
  if (figures == 0 || month < 1 || month > 12 || !Take(text, &next, "月")) {
    return found;
  }
  found = {{year, month, 1}, 2, next};
  int day = 0;
  next = SkipSpace(text, next);
  figures = ReadFigures(text, next, 2, &day);
  next += figures;
  const Date date{year, month, day};
  if (figures == 0 || !IsReal(date) || (!Take(text, &next, "日") && !Take(text, &next, "号"))) {
    return found;
  }
  return DateText{date, 3, next};
}

}  // namespace

int DaysInMonth(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[static_cast<size_t>(month - 1)];
}

bool IsReal(const Date& date) {
  return date.year >= 1 && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
         date.day <= DaysInMonth(date.year, date.month);
}

Date AddDays(Date date, int days) {
  date.day += days;
  while (date.day > DaysInMonth(date.year, date.month)) {
    date.day -= DaysInMonth(date.year, date.month);
    if (++date.month > 12) {
      date.month = 1;
      ++date.year;
    }
  }
  return date;
}

Date AddMonths(Date date, int months) {
  const int total = date.year * 12 + date.month - 1 + months;
  date.year = total / 12;
  date.month = total % 12 + 1;
  date.day = std::min(date.day, DaysInMonth(date.year, date.month));
  return date;
}

std::optional<Date> ParseIsoDate(std::string_view text) {
  Date date;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' ||
      ReadFigures(text, 0, 4, &date.year) != 4 || ReadFigures(text, 5, 2, &date.month) != 2 ||
      ReadFigures(text, 8, 2, &date.day) != 2 || !IsReal(date)) {
    return std::nullopt;
  }
  return date;
}

std::optional<Date> ParseCompactDate(std::string_view figures) {
  if (figures.size() != 8 || !std::all_of(figures.begin(), figures.end(), IsDigit)) {
    return std::nullopt;
  }
  Date date;
  ReadFigures(figures, 0, 4, &date.year);
  ReadFigures(figures, 4, 2, &date.month);
  ReadFigures(figures, 6, 2, &date.day);
  return IsReal(date) ? std::optional(date) : std::nullopt;
}

std::string FormatIso(const Date& date) {
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::optional<DateText> ReadDate(std::string_view text) {
  int year = 0;
  if (ReadFigures(text, 0, 5, &year) != 4 || year < kYearMin || year > kYearMax) {
    return std::nullopt;
  }
  size_t at = 4;
  if (Take(text, &at, "年")) {
    return ReadHanDate(text, year, at);
  }
  if (at >= text.size() || (text[at] != '-' && text[at] != '.' && text[at] != '/')) {
    return std::nullopt;
  }
  const char separator = text[at++];
  Date date{year, 0, 0};
  size_t figures = ReadFigures(text, at, 2, &date.month);
  at += figures;
  if (figures == 0 || at >= text.size() || text[at] != separator) {
    return std::nullopt;
  }
  ++at;
  figures = ReadFigures(text, at, 2, &date.day);
  at += figures;
  if (figures == 0 || DigitAt(text, at) || !IsReal(date)) {
    return std::nullopt;
  }
  return DateText{date, 3, at};
}

}  // namespace shoumi::rules
