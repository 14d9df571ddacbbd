#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Calendar dates as documents write them. Proleptic Gregorian, no time of day, no zone.
namespace shoumi::rules {

struct Date {
  int year = 0;
  int month = 0;
  int day = 0;
  // clang-tidy 14 takes the 0 that <=> compares with for a pointer.
  auto operator<=>(const Date&) const = default;  // NOLINT(modernize-use-nullptr)
};

bool IsReal(const Date& date);
int DaysInMonth(int year, int month);
Date AddDays(Date date, int days);
Date AddMonths(Date date, int months);  // end of month when the day does not exist

// "2026-05-31"; nullopt when it is no real date.
std::optional<Date> ParseIsoDate(std::string_view text);
// "20260531", likewise.
std::optional<Date> ParseCompactDate(std::string_view figures);
std::string FormatIso(const Date& date);

struct DateText {
  Date date;         // `day` and `month` filled to the first when not written
  int parts = 3;     // 3: day written, 2: month, 1: year only
  size_t bytes = 0;  // length of what was read
};
// A date at the very start of `text`: 2026年5月31日, 2026年5月, 2026年, 2026-05-31, 2026.5.31,
// 2026/5/31, 20260531 is none of them. Single spaces between figures and units are read through.
std::optional<DateText> ReadDate(std::string_view text);

}  // namespace shoumi::rules
