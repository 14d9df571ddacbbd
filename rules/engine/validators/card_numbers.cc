#include "rules/engine/validators/card_numbers.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "rules/engine/text/utf8.h"

namespace shoumi::rules {
namespace {

struct Issuer {
  std::string_view prefix;
  uint8_t length;
};
// Issued before UnionPay's own range and still in use.
constexpr std::array<Issuer, 22> kOlderChinese = {{
    {"95588", 19},  {"95595", 19},  {"95596", 19},  {"95598", 19},  {"95599", 19},  {"436742", 19},
    {"436745", 16}, {"436748", 16}, {"456351", 19}, {"601382", 19}, {"601428", 17}, {"405512", 17},
    {"690755", 15}, {"690755", 16}, {"690755", 18}, {"603367", 18}, {"603694", 19}, {"603128", 19},
    {"940056", 18}, {"984301", 19}, {"984303", 19}, {"998801", 16},
}};

int Leading(std::string_view digits, size_t count) {
  int value = 0;
  for (const char c : digits.substr(0, count)) {
    value = value * 10 + (c - '0');
  }
  return value;
}

bool Between(int value, int low, int high) {
  return value >= low && value <= high;
}

}  // namespace

bool IsChineseIssuer(std::string_view digits) {
  if (digits.starts_with("62")) {
    return digits.size() >= 16 && digits.size() <= 19;
  }
  if (digits[0] != '4' && digits[0] != '6' && digits[0] != '9') {
    return false;
  }
  return std::any_of(kOlderChinese.begin(), kOlderChinese.end(), [&](const Issuer& issuer) {
    return digits.size() == issuer.length && digits.starts_with(issuer.prefix);
  });
}

bool IsInternationalIssuer(std::string_view digits) {
  if (digits[0] < '2' || digits[0] > '6' || IsChineseIssuer(digits)) {
    return false;
  }
  const size_t length = digits.size();
  const int two = Leading(digits, 2);
  const int three = Leading(digits, 3);
  const int four = Leading(digits, 4);
  if (digits[0] == '4') {
    return length == 13 || length == 16 || length == 19;  // Visa
  }
  if (Between(two, 51, 55) || Between(four, 2221, 2720)) {
    return length == 16;  // Mastercard
  }
  if (two == 34 || two == 37) {
    return length == 15;  // American Express
  }
  if (Between(four, 3528, 3589)) {
    return length == 16 || length == 19;  // JCB
  }
  if (Between(three, 300, 305) || three == 309 || two == 36 || two == 38 || two == 39) {
    return length == 14 || (length == 16 && two != 36);  // Diners Club
  }
  if (four == 6011 || Between(three, 644, 649) || two == 65) {
    return length == 16 || length == 19;  // Discover
  }
  return false;
}

bool IsLooseCardShape(const GroupRun& run, const Window& window) {
  constexpr size_t kGroupSizeMin = 3;
  constexpr size_t kGroupsMax = 5;
  if (window.mixed || window.join == Join::kDot || window.last - window.first >= kGroupsMax) {
    return false;
  }
  return std::all_of(run.groups.begin() + window.first, run.groups.begin() + window.last + 1,
                     [](const Group& group) { return group.size() >= kGroupSizeMin; });
}

bool IsCardShape(const GroupRun& run, const Window& window) {
  static constexpr std::array<std::string_view, 19> kShapes = {
      "4444", "44443", "44442", "44441", "4442", "465",  "464",   "4443",  "66", "412",
      "685",  "64",    "673",   "88",    "6444", "4446", "61111", "43333", "664"};
  if (window.single()) {
    return true;
  }
  if (window.mixed) {
    return false;
  }
  const std::string shape = GroupShape(run, window);
  if (shape.empty()) {
    // Six digits of issuer, the rest in one piece.
    return window.last == window.first + 1 && run.groups[window.first].size() == 6;
  }
  return std::find(kShapes.begin(), kShapes.end(), shape) != kShapes.end();
}

}  // namespace shoumi::rules
