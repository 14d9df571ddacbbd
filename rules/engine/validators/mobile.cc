// Mobile numbers of mainland China: 11 digits, the first three assigned by the regulator (MIIT
// notice on the numbering plan of public mobile networks, 2017 and later assignments).
#include <algorithm>
#include <array>
#include <string>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/number_run.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr uint8_t kConfidencePlain = 70;
constexpr uint8_t kConfidenceTrunk = 55;  // 0138…: counters and serial numbers look the same
constexpr uint8_t kConfidenceGrouped = 80;
constexpr uint8_t kConfidenceCountry = 90;
constexpr std::array<std::string_view, 7> kShapes = {"344", "443", "434", "335", "38", "74", "56"};

// Second and third digit after the 1.
bool IsPrefix(std::string_view value) {
  const char third = value[2];
  const auto one_of = [third](std::string_view set) {
    return set.find(third) != std::string_view::npos;
  };
  switch (value[1]) {
    case '3':
    case '8':
      return true;
    case '4':
      return one_of("56789");
    case '5':
      return third != '4';
    case '6':
      return one_of("2567");
    case '7':
      return third != '9';
    case '9':
      return third != '4';
    default:
      return false;
  }
}

// Digits of a country code at the start: +86, 0086, 86 and, for a call from landlines, 0.
size_t CountryDigits(std::string_view digits) {
  if (digits.size() == 15 && digits.starts_with("0086")) {
    return 4;
  }
  if (digits.size() == 13 && digits.starts_with("86")) {
    return 2;
  }
  return digits.size() == 12 && digits.starts_with("0") ? 1 : 0;
}

// Joined by hyphen or dot to something that is not a country code, or by a space inside a row of
// groups of four.
bool CutOutOfMore(const GroupRun& run, const Window& window) {
  const auto other_mobile = [&](size_t i) { return run.groups[i].size() == 11; };
  if (window.single() && window.before == Join::kHyphen && other_mobile(window.first - 1)) {
    return window.after == Join::kDot || window.after == Join::kHyphen;
  }
  if (window.single() && window.after == Join::kHyphen && other_mobile(window.last + 1)) {
    return window.before == Join::kDot || window.before == Join::kHyphen;
  }
  return CutOut(run, window);
}

struct Shape {
  bool ok = false;
  size_t groups = 0;  // of the number without country code
};

Shape ShapeOf(const GroupRun& run, const Window& window, size_t country) {
  Window national = window;
  if (country > 0 && run.groups[window.first].size() == country) {
    ++national.first;
  }
  if (national.single()) {
    return {true, 1};
  }
  Join join = run.joins[national.first];
  for (size_t i = national.first; i < national.last; ++i) {
    if (run.joins[i] != join) {
      return {};
    }
  }
  std::string shape = GroupShape(run, national);
  if (!shape.empty() && country > 0 && national.first == window.first) {
    shape[0] = static_cast<char>(shape[0] - country);
  }
  return {std::find(kShapes.begin(), kShapes.end(), shape) != kShapes.end(),
          national.last - national.first + 1};
}

// Groups before the window that hold nothing but the country code.
size_t CountryGroups(std::string_view text, const GroupRun& run, const Window& window) {
  if (window.first == 0 || window.before == Join::kDot) {
    return 0;
  }
  const Group& group = run.groups[window.first - 1];
  const std::string_view digits = text.substr(group.from, group.size());
  const bool plus = group.from > 0 && text[group.from - 1] == '+';
  return digits == "0086" || (digits == "86" && (plus || window.before == Join::kHyphen)) ? 1 : 0;
}

bool IsPlaceholder(std::string_view number) {
  return IsMonotone(number.substr(3)) && number[3] == '0';
}

}  // namespace

Judgement ValidateMobile(const Candidate& candidate) {
  const GroupRun& run = ReadGroups(candidate, Alphabet::kDigits);
  Reject best = Reject::kShape;
  for (Window window : WindowsOf(run, kMobileLengths)) {
    if (const size_t more = CountryGroups(candidate.text, run, window); more > 0) {
      window.first -= more;
      window.length += run.groups[window.first].size();
      window.before = window.first > 0 ? run.joins[window.first - 1] : Join::kNone;
    }
    const CompactNumber number(candidate.text, run, window);
    const std::string_view digits = number.view();
    const size_t country = CountryDigits(digits);
    if (country == 1 && !window.single()) {
      continue;  // 0.138… is a fraction
    }
    if (digits.size() - country != 11 || digits[country] != '1') {
      continue;
    }
    const Shape shape = ShapeOf(run, window, country);
    if (!shape.ok) {
      continue;
    }
    const std::string_view value = digits.substr(country);
    if (!IsPrefix(value) || IsPlaceholder(value)) {
      best = Reject::kRange;
      continue;
    }
    size_t from = run.groups[window.first].from;
    const size_t to = run.groups[window.last].to;
    const bool plus = country == 2 && from > 0 && candidate.text[from - 1] == '+';
    from -= plus ? 1 : 0;
    if (CutOutOfMore(run, window) || !StandsAlone(candidate, from, to)) {
      best = Reject::kBoundary;
      continue;
    }
    if (LabelledOtherwise(candidate.text, from) || IsAmount(candidate.text, from, to)) {
      best = Reject::kContext;
      continue;
    }
    const uint8_t confidence = country > 1        ? kConfidenceCountry
                               : country == 1     ? kConfidenceTrunk
                               : shape.groups > 1 ? kConfidenceGrouped
                                                  : kConfidencePlain;
    return {.from = from,
            .to = to,
            .confidence = confidence,
            .value = std::string(value),
            .marking = {}};
  }
  return Rejected(best);
}

}  // namespace shoumi::rules
