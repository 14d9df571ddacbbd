#include "rules/engine/markings/term.h"

#include <algorithm>
#include <array>

#include "rules/engine/markings/line.h"
#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

constexpr int kUnitsMax = 1000;

// 10, 十, 十五, 二十, 三十; returns bytes read.
size_t ReadCount(std::string_view text, int* count) {
  size_t at = 0;
  *count = 0;
  while (at < text.size() && at < 4 && IsDigit(text[at])) {
    *count = *count * 10 + (text[at++] - '0');
  }
  if (at > 0) {
    return at;
  }
  constexpr std::u32string_view kFigures = U"零一二三四五六七八九";
  int tens = -1;
  int ones = 0;
  for (CodePoint c = CharAt(text, at); c.bytes > 0; c = CharAt(text, at)) {
    const size_t figure = c.value == U'两' ? 2 : kFigures.find(c.value);
    if (c.value == U'十') {
      tens = ones == 0 ? 1 : ones;
      ones = 0;
    } else if (figure != std::u32string_view::npos) {
      ones = static_cast<int>(figure);
    } else {
      break;
    }
    at += c.bytes;
  }
  *count = (tens > 0 ? tens * 10 : 0) + ones;
  return at;
}

size_t SpaceLength(std::string_view text) {
  const CodePoint c = CharAt(text, 0);
  return IsSpace(c.value) ? c.bytes : 0;
}

std::optional<Term> ReadLength(std::string_view text) {
  int count = 0;
  size_t at = ReadCount(text, &count);
  if (at == 0 || count < 1 || count > kUnitsMax) {
    return std::nullopt;
  }
  at += SpaceLength(text.substr(at));
  Term term;
  const std::string_view unit = text.substr(at);
  struct Unit {
    std::string_view name;
    int months;
    int days;
  };
  constexpr std::array<Unit, 6> kUnits = {
      {{"年", 12, 0}, {"个月", 1, 0}, {"個月", 1, 0}, {"月", 1, 0}, {"天", 0, 1}, {"日", 0, 1}}};
  for (const Unit& known : kUnits) {
    if (unit.starts_with(known.name)) {
      term.months = count * known.months;
      term.days = count * known.days;
      term.bytes = at + known.name.size();
      term.text = text.substr(0, term.bytes);
      return term;
    }
  }
  return std::nullopt;
}

std::optional<Term> ReadEvent(std::string_view text) {
  constexpr std::array<std::string_view, 15> kEvents = {
      "启用前", "啟用前", "解密前", "发布前", "公布前", "公开前",     "长期",      "長期",
      "永久",   "使用前", "考试前", "开启前", "宣布前", "解密日期前", "另行通知前"};
  for (const std::string_view event : kEvents) {
    if (text.starts_with(event)) {
      Term term;
      term.bytes = event.size();
      term.text = event;
      return term;
    }
  }
  return std::nullopt;
}

// Between two dates: 至, -, ~; its length in bytes or 0.
size_t RangeLength(std::string_view text) {
  const size_t gap = SpaceLength(text);
  for (const std::string_view word : {"起至", "至", "到", "-", "—", "–", "~", "～"}) {
    if (text.substr(gap).starts_with(word)) {
      const size_t end = gap + word.size();
      return end + SpaceLength(text.substr(end));
    }
  }
  return 0;
}

std::optional<Term> ReadUntil(std::string_view text) {
  size_t at = 0;
  for (const std::string_view lead : {"自", "至", "到", "保密至", "截至"}) {
    if (text.starts_with(lead)) {
      at = lead.size();
      break;
    }
  }
  at += SpaceLength(text.substr(at));
  auto read = ReadDate(text.substr(at));
  if (!read) {
    return std::nullopt;
  }
  if (const size_t next = RangeLength(text.substr(at + read->bytes)); next > 0) {
    if (const auto last = ReadDate(text.substr(at + read->bytes + next))) {
      at += read->bytes + next;
      read = last;
    }
  }
  Term term;
  term.bytes = at + read->bytes;
  const size_t gap = SpaceLength(text.substr(term.bytes));
  for (const std::string_view word : {"前", "以前", "之前"}) {
    if (text.substr(term.bytes + gap).starts_with(word)) {
      term.before = true;
      term.bytes += gap + word.size();
      break;
    }
  }
  term.date = read->date;
  if (!term.before && read->parts < 3) {  // through the end of the month or year
    const int month = read->parts == 1 ? 12 : read->date.month;
    term.date = Date{read->date.year, month, DaysInMonth(read->date.year, month)};
  }
  term.text = text.substr(0, term.bytes);
  return term;
}

// A full date right behind a label: 印发日期：2020年3月1日.
std::optional<Date> LabelledDate(std::string_view rest) {
  size_t at = 0;
  for (int i = 0; i < 6; ++i) {
    const CodePoint c = CharAt(rest, at);
    if (c.bytes == 0 || !(IsSpace(c.value) || c.value == ':' || c.value == U'：' ||
                          c.value == '\t' || c.value == U'于')) {
      break;
    }
    at += c.bytes;
  }
  const auto read = ReadDate(rest.substr(at));
  return read && read->parts == 3 ? std::optional<Date>(read->date) : std::nullopt;
}

void Later(std::optional<Date>* latest, const Date& date) {
  if (!latest->has_value() || **latest < date) {
    *latest = date;
  }
}

// Dates of a line that say when the document was issued.
void IssueDatesOf(std::string_view line, std::optional<Date>* latest) {
  constexpr std::array<std::string_view, 17> kLabels = {
      "印发日期", "印发时间", "签发日期", "签发时间", "发文日期", "发布日期",
      "成文日期", "编制日期", "制定日期", "定密日期", "起草日期", "拟制日期",
      "签署日期", "日期",     "issued",   "Issued",   "Date"};
  const std::string_view trimmed = Trim(line);
  const auto alone = ReadDate(trimmed);
  if (alone && alone->parts == 3) {
    const std::string_view rest = Trim(trimmed.substr(alone->bytes));
    if (rest.empty() || rest.starts_with("印发") || rest.starts_with("签发") ||
        rest.starts_with("发布")) {
      Later(latest, alone->date);
      return;
    }
  }
  for (const std::string_view label : kLabels) {
    const size_t at = line.find(label);
    if (at == std::string_view::npos || line.substr(0, at).ends_with("解密") ||
        line.substr(0, at).ends_with("到期") || line.substr(0, at).ends_with("截止")) {
      continue;
    }
    if (const auto date = LabelledDate(line.substr(at + label.size()))) {
      Later(latest, *date);
    }
  }
  for (size_t at = line.find("印发"); at != std::string_view::npos;
       at = line.find("印发", at + 6)) {
    // …2020年3月1日印发
    for (size_t start = at > 24 ? CharFloor(line, at - 24) : 0; start < at;
         start += CharAt(line, start).bytes) {
      const auto read = ReadDate(line.substr(start));
      if (read && read->parts == 3 && start + read->bytes == at &&
          (start == 0 || !IsDigit(line[start - 1]))) {
        Later(latest, read->date);
      }
    }
  }
}

}  // namespace

std::optional<Term> ReadTerm(std::string_view text) {
  if (auto event = ReadEvent(text)) {
    return event;
  }
  if (auto until = ReadUntil(text)) {
    return until;
  }
  return ReadLength(text);
}

std::optional<Date> FindIssueDate(std::string_view text) {
  std::optional<Date> latest;
  size_t start = 0;
  while (start < text.size()) {
    const size_t end = std::min(text.find_first_of("\n\r", start), text.size());
    IssueDatesOf(text.substr(start, end - start), &latest);
    start = end + 1;
  }
  return latest;
}

End EndOf(const Term& term, const std::optional<Date>& issued, std::string_view today) {
  const auto now = ParseIsoDate(today);
  End end;
  if (term.date) {
    end.date = term.date;
    end.expired = now && (term.before ? *now >= *term.date : *now > *term.date);
    return end;
  }
  if (issued && (term.months > 0 || term.days > 0)) {
    end.date = AddDays(AddMonths(*issued, term.months), term.days);
    end.expired = now && *now >= *end.date;
  }
  return end;
}

}  // namespace shoumi::rules
